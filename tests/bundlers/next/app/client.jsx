'use client';
import { useEffect, useState } from 'react';
import { pipeline } from 'latformer';

/** Classifies in the browser, and leaves what came of it in `outcome` for the test to read. */
export function Client() {
  const [label, setLabel] = useState('');
  useEffect(() => {
    const run = async () => {
      const classify = await pipeline('sentiment-analysis');
      const answers = await classify(['A joy from start to finish.', 'Dull and overlong.'], { speedup: 2 });
      setLabel(answers[0].label);
      return { labels: answers.map((answer) => answer.label), info: classify.info };
    };
    run().then(
      (outcome) => (self.outcome = outcome),
      (error) => (self.outcome = { error: `${error.code}: ${error.message}` }),
    );
  }, []);
  return <p id="client">{label}</p>;
}
