// Collects what goes wrong in the page.
self.complaints = [];
self.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  self.complaints.push(`${violatedDirective} refused ${blockedURI}`),
);
self.addEventListener('error', ({ message }) => self.complaints.push(message));
self.addEventListener('unhandledrejection', ({ reason }) => self.complaints.push(String(reason)));
