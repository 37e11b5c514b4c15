/** Names of the guests of one entry of `instances`: `web` without a count; `web-0`, `web-1` … with one, even when it is 1. */
export function instanceNames(name: string, count: number | undefined): string[] {
  return count === undefined ? [name] : Array.from({ length: count }, (_, index) => `${name}-${index}`);
}
