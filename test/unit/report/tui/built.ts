/** The parts in TSX as they were built, which Node cannot load from their sources, with the types of those. */
const built = (name: string) => import(new URL(`../../../../dist/report/tui/${name}.js`, import.meta.url).href);

export const { Lines } = (await built("Lines")) as typeof import("../../../../src/report/tui/Lines.tsx");
export const { createTuiReporter } = (await built("reporter")) as typeof import("../../../../src/report/tui/reporter.tsx");
