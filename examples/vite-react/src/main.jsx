import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { pipeline } from 'latformer';

const loading = pipeline('sentiment-analysis'); // once, however often components come and go

function Sentiment() {
  const [text, setText] = useState('A joy from start to finish.');
  const [speedup, setSpeedup] = useState(2);
  const [answer, setAnswer] = useState('…');

  useEffect(() => {
    const controller = new AbortController(); // a newer text or speed makes the older question moot
    loading
      .then((classify) => classify(text, { speedup, signal: controller.signal }))
      .then(([{ label, score }]) => setAnswer(`${label} ${score.toFixed(3)}`))
      .catch((error) => controller.signal.aborted || setAnswer(error.message));
    return () => controller.abort();
  }, [text, speedup]);

  return (
    <main>
      <p>
        <label>
          Text: <input value={text} onChange={(event) => setText(event.target.value)} size="60" />
        </label>
      </p>
      <p>
        <label>
          Speedup {speedup}:{' '}
          <input
            type="range"
            min="1"
            max="4.8"
            step="0.1"
            value={speedup}
            onChange={(event) => setSpeedup(Number(event.target.value))}
          />
        </label>
      </p>
      <p>
        Sentiment: <output id="answer">{answer}</output>
      </p>
    </main>
  );
}

createRoot(document.getElementById('root')).render(<Sentiment />);
