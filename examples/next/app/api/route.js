import { classifier } from '../classifier.js';

/** GET /api?text=…, with 503 where too many wait. */
export async function GET(request) {
  const text = new URL(request.url).searchParams.get('text') ?? '';
  try {
    const classify = await classifier();
    return Response.json((await classify(text))[0]);
  } catch (error) {
    return Response.json({ error: error.message }, { status: error.code === 'overloaded' ? 503 : 500 });
  }
}
