// scripts/build_js.mjs bundles the small JSON files of the bundled model as text.
declare module '*.json' {
  const text: string;
  export default text;
}
