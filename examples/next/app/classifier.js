import { pipeline } from 'latformer';

let loading;

/** The server's one, loaded when it is first asked for. */
export const classifier = () => (loading ??= pipeline('sentiment-analysis', null, { workers: 2, maxPending: 100 }));
