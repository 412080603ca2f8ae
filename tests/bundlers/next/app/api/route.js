import { pipeline } from 'latformer';

export const dynamic = 'force-dynamic';

/** GET /api?worker=true&threads=2 */
export async function GET(request) {
  const asked = new URL(request.url).searchParams;
  try {
    const classify = await pipeline('sentiment-analysis', null, {
      worker: asked.get('worker') === 'true',
      threads: Number(asked.get('threads') ?? 1),
    });
    const answers = await classify(['A joy from start to finish.', 'Dull and overlong.']);
    await classify.dispose();
    return Response.json({ labels: answers.map(({ label }) => label), info: classify.info });
  } catch (error) {
    return Response.json({ error: `${error.code}: ${error.message}` }, { status: 500 });
  }
}
