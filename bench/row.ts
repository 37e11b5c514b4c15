import type { Sample } from "./measure.ts";

/** One line of the results. */
export interface Row {
  readonly what: string;
  readonly virtform: string;
  readonly baseline: string;
  readonly result: string;
  readonly aim: string;
  readonly peak: string;
}

interface Compared {
  readonly what: string;
  readonly ours: Sample;
  readonly baseline: string;
  readonly theirs: Sample;
}

/** A time against a baseline, as a ratio that should not exceed `aim`, where there is one. */
export function ratio({ what, ours, baseline, theirs }: Compared, aim?: number): Row {
  const factor = ours.seconds / theirs.seconds;
  const reached = aim === undefined ? "" : verdict(`≤ ${aim}×`, factor <= aim);
  return timed({ what, ours, baseline, theirs }, `${factor.toFixed(2)}×`, reached);
}

/** A time against a baseline, as a difference that should not exceed `aim` seconds. */
export function difference({ what, ours, baseline, theirs }: Compared, aim: number): Row {
  const more = ours.seconds - theirs.seconds;
  const sign = more < 0 ? "-" : "+";
  const result = `${sign}${milliseconds(Math.abs(more))}`;
  return timed({ what, ours, baseline, theirs }, result, verdict(`≤ +${milliseconds(aim)}`, more <= aim));
}

/** A time against a baseline, with an aim that is a time of its own. */
export function atMost({ what, ours, baseline, theirs }: Compared, seconds: number, words: string): Row {
  const factor = ours.seconds / theirs.seconds;
  return timed({ what, ours, baseline, theirs }, `${factor.toFixed(2)}×`, verdict(`≤ ${words}`, ours.seconds <= seconds));
}

/** A number of something that should not exceed `aim`. */
export function counted(what: string, number: number, unit: string, aim: number): Row {
  const virtform = `${Number.isInteger(number) ? number : number.toFixed(1)} ${unit}`;
  return { what, virtform, baseline: "", result: "", aim: verdict(`≤ ${aim}`, number <= aim), peak: "" };
}

/** The peak memory of a program, which should not exceed `aim` MiB. */
export function memory(what: string, { seconds, peakBytes }: Sample, aim: number): Row {
  const peak = Math.round(peakBytes / 2 ** 20);
  return {
    what,
    virtform: milliseconds(seconds),
    baseline: "",
    result: "",
    aim: verdict(`≤ ${aim} MiB`, peak <= aim),
    peak: `${peak} MiB`,
  };
}

/** A line that cannot be measured on this machine, and what it would take. */
export function unmeasured(what: string, why: string): Row {
  return { what, virtform: `not measured: ${why}`, baseline: "", result: "", aim: "", peak: "" };
}

function timed({ what, ours, baseline, theirs }: Compared, result: string, aim: string): Row {
  const peak = ours.peakBytes === 0 ? "" : `${Math.round(ours.peakBytes / 2 ** 20)} MiB`;
  return { what, virtform: milliseconds(ours.seconds), baseline: `${milliseconds(theirs.seconds)} (${baseline})`, result, aim, peak };
}

function verdict(aim: string, reached: boolean): string {
  return `${aim}: ${reached ? "yes" : "**no**"}`;
}

function milliseconds(seconds: number): string {
  return seconds >= 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds * 1000)} ms`;
}
