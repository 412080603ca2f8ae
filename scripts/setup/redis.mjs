// Redis, for the test of examples/bulk.
import { findProgram } from '../support/paths.mjs';

/** What is needed: [Debian's name of the package, whether it is here]. */
export const needs = () => [['redis-server', () => findProgram('redis-server')]];
