// Browsers to test in.
import { findProgram } from '../support/paths.mjs';

const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome'];

/** What is needed: [Debian's name of the package, whether it is here]. */
export const needs = () => [['chromium', () => process.env.CHROMIUM || chromiumNames.some(findProgram)]];
