/** All of the terminal interface; draw only after `layoutReady`. */
export { layoutReady } from "./layout-ready.ts";
export { createTuiReporter } from "./reporter.ts";
