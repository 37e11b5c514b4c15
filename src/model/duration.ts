const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `30s`, `5m`, `1h`, `7d`, `500ms`; undefined for a text that is not a time. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (units[match[2] ?? ""] ?? 0);
}
