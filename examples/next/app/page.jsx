import { classifier } from './classifier.js';
import { Live } from './live.jsx';

export const dynamic = 'force-dynamic';

/** Classified on the server, around a component that classifies in the browser. */
export default async function Page() {
  const classify = await classifier();
  const [{ label }] = await classify('A joy from start to finish.');
  return (
    <main>
      <p>
        On the server: <output id="server">{label}</output>
      </p>
      <Live />
    </main>
  );
}
