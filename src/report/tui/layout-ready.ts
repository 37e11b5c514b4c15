/**
 * Resolves when Ink's layout engine can be used: at once when the program runs from its sources, where loading Ink waits for it. The
 * build (`bin/lib/bundle.ts`) replaces this module, because a script cannot wait while it is loaded.
 */
export const layoutReady: Promise<unknown> = Promise.resolve();
