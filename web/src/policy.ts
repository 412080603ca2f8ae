// What a browser does not say when a fetch fails: that the page's own policy is why.
const seen = new Set<string>();
let listens = false;

/** From now on violations are noticed. */
export function watchPolicy(): void {
  if (listens || typeof self !== 'object') return;
  listens = true;
  self.addEventListener?.('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
    if (effectiveDirective !== 'connect-src') return;
    seen.add(URL.canParse(blockedURI) ? new URL(blockedURI).origin : blockedURI);
  });
}

export async function explain(origin: string): Promise<string | undefined> {
  await new Promise((resolve) => setTimeout(resolve, 50)); // the event comes behind the failure
  if (seen.has(origin)) {
    return (
      `this page's policy does not allow ${origin}, or what it redirects to (Content-Security-Policy: connect-src); add it there, or serve the ` +
      'model from the page’s own origin and give the address of its folder'
    );
  }
  if (typeof navigator === 'object' && navigator.onLine === false)
    return 'there is no network, and it is not kept from an earlier time';
  if (typeof document === 'object' && origin !== self.location.origin) {
    return `${origin} did not answer, or does not allow this page to read it (Access-Control-Allow-Origin)`;
  }
  return undefined;
}
