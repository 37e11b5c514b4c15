import { describePointer, type Problem } from "./problem.ts";
import type { Visit } from "./walk.ts";

/** Keys that are written without one that they need, or with one that they exclude. */
export function checkTogether({ schema, value, pointer }: Visit): Problem[] {
  const { together = [] } = schema;
  if (together.length === 0 || typeof value !== "object" || value === null) return [];
  const has = (key: string) => Object.hasOwn(value, key);
  const at = describePointer(pointer);
  return together.flatMap(({ key, needs, excludes, why }): Problem[] => {
    if (!has(key)) return [];
    const missing = needs.filter((other) => !has(other));
    return [
      ...missing.map((other): Problem => {
        const detail = `${why} Write ${other} into ${at}.`;
        return { code: "missing-key", summary: `${key} needs ${other}`, detail, pointer: [...pointer, key], of: "key" };
      }),
      ...excludes.filter(has).map((other): Problem => {
        const detail = `${why} Remove ${other} from ${at}.`;
        return {
          code: "key-not-allowed",
          summary: `${other} cannot be combined with ${key}`,
          detail,
          pointer: [...pointer, other],
          of: "key",
        };
      }),
    ];
  });
}
