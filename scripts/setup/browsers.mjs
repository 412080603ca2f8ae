// Browsers to test in.
import { browsers } from '../browsers/index.mjs';

/** What is needed: [Debian's name of the package, whether it is here]. */
export const needs = () =>
  Object.values(browsers).flatMap(({ packages, find }) => packages.map((name) => [name, () => Boolean(find())]));
