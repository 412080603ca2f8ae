'use client';
import { useEffect, useState } from 'react';
import { pipeline } from 'latformer';

export function Live() {
  const [answer, setAnswer] = useState('…');
  useEffect(() => {
    let isGone = false;
    const loading = pipeline('sentiment-analysis');
    loading
      .then((classify) => classify('Dull and overlong.', { speedup: 2 }))
      .then(([{ label }]) => isGone || setAnswer(label))
      .catch((error) => isGone || setAnswer(error.message));
    return () => {
      isGone = true;
      loading.then((classify) => classify.dispose());
    };
  }, []);
  return (
    <p>
      In the browser: <output id="browser">{answer}</output>
    </p>
  );
}
