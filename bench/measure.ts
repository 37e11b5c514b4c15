import { spawnSync } from "node:child_process";

/** Wall-clock seconds of a command line as a whole process, and its peak memory in bytes where the program is Node. */
export interface Sample {
  readonly seconds: number;
  readonly peakBytes: number;
}

const atExit = `process.on("exit", () => process.stderr.write("\\n@peak " + process.resourceUsage().maxRSS + "\\n"))`;
// Base64, because NODE_OPTIONS gives quotes a meaning of its own.
const reportPeak = `data:text/javascript;base64,${Buffer.from(atExit).toString("base64")}`;

/** Runs a program once. Throws with its output when it fails, unless the exit code is one of `accept`. */
export function runOnce(
  program: string,
  args: readonly string[],
  options: { accept?: readonly number[] | "any"; input?: string } = {},
): Sample {
  const started = process.hrtime.bigint();
  const result = spawnSync(program, args, {
    input: options.input ?? "",
    maxBuffer: 1 << 30,
    env: { ...process.env, ...(program === process.execPath ? { NODE_OPTIONS: `--import=${reportPeak}` } : {}) },
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { accept = [] } = options;
  if (accept !== "any" && (result.status === null || ![0, ...accept].includes(result.status))) {
    throw new Error(`${program} ${args.join(" ").slice(0, 300)} ended with ${result.status}\n${result.stdout}\n${result.stderr}`);
  }
  const peak = /@peak (\d+)/.exec(result.stderr.toString())?.[1];
  return { seconds, peakBytes: Number(peak ?? 0) * 1024 };
}

/** A line of the results that could not be had here, and what it would take. */
export interface Unmeasured {
  readonly what: string;
  readonly why: string;
}

/** One line of the results: ours against the baseline, measured in turn. */
export interface Row {
  readonly what: string;
  readonly baseline: string;
  readonly ours: number;
  readonly theirs: number;
  /** The ratio that we want to stay below. */
  readonly aim: number;
  readonly peakBytes: number;
}

/**
 * Runs both in turn, A B A B …, and takes each one's median. `before` puts the machine back to where both start from.
 */
export function compare(
  what: string,
  baseline: string,
  aim: number,
  rounds: number,
  ours: () => Sample,
  theirs: () => Sample,
  before: { ours?: () => void; theirs?: () => void } = {},
): Row {
  const samples: { ours: Sample; theirs: Sample }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    before.ours?.();
    const a = ours();
    before.theirs?.();
    samples.push({ ours: a, theirs: theirs() });
  }
  const row = {
    what,
    baseline,
    aim,
    ours: median(samples.map((sample) => sample.ours.seconds)),
    theirs: median(samples.map((sample) => sample.theirs.seconds)),
    peakBytes: Math.max(...samples.map((sample) => sample.ours.peakBytes)),
  };
  // The whole takes a quarter of an hour: what is known already is not lost with it.
  console.error(`${what}: ${row.ours.toFixed(3)} s, ${baseline}: ${row.theirs.toFixed(3)} s, ${(row.ours / row.theirs).toFixed(2)}×`);
  return row;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
