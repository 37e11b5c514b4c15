import { driverNames } from "../../drivers/index.ts";

/** What is wrong with what a label says was applied to a disk or volume; undefined where it can be used. Nothing else is assumed about it. */
export function appliedProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "its entry is not a JSON object";
  const { backend, place, size, image, entry, filesystem } = value as Readonly<Record<string, unknown>>;
  if (typeof backend !== "string") return "its entry has no driver (backend)";
  if (!driverNames().includes(backend))
    return `its driver is ${JSON.stringify(backend)}, and this version supports ${driverNames().join(", ")}`;
  if (size !== null && !(Number.isSafeInteger(size) && (size as number) >= 0)) return "its size is not a number of bytes";
  const texts = { place, image, entry, filesystem };
  const wrong = Object.entries(texts).find(([, text]) => text !== undefined && text !== null && typeof text !== "string");
  return wrong === undefined ? undefined : `${wrong[0]} is not a string`;
}
