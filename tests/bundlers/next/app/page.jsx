import { pipeline } from 'latformer';
import { Client } from './client.jsx';

export const dynamic = 'force-dynamic';

/** A server component that classifies, around a client component that does. */
export default async function Page() {
  const classify = await pipeline('sentiment-analysis');
  const [{ label }] = await classify('A joy from start to finish.');
  return (
    <main>
      <p id="server">{label}</p>
      <Client />
    </main>
  );
}
