import type { Json } from "../model/json.ts";

/** The same value to be written into a configuration, where no text of it is an expression: names and paths on a host may hold `${`. Pure. */
export function literalJson(value: Json): Json {
  if (typeof value === "string") return value.replaceAll("${", () => "$${");
  if (Array.isArray(value)) return value.map(literalJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, part === undefined ? part : literalJson(part)]));
}
