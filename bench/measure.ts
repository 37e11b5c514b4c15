import { spawnSync } from "node:child_process";

/** Wall-clock seconds of a command line as a whole process, and its peak memory in bytes where the program is Node, else 0. */
export interface Sample {
  readonly seconds: number;
  readonly peakBytes: number;
}

const atExit = `process.on("exit", () => process.stderr.write("\\n@peak " + process.resourceUsage().maxRSS + "\\n"))`;
// Base64, because NODE_OPTIONS gives quotes a meaning of its own.
const reportPeak = `--import=data:text/javascript;base64,${Buffer.from(atExit).toString("base64")}`;

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
    env: { ...process.env, ...(program === process.execPath ? { NODE_OPTIONS: reportPeak } : {}) },
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { accept = [] } = options;
  if (accept !== "any" && (result.status === null || ![0, ...accept].includes(result.status))) {
    throw new Error(`${program} ${args.join(" ").slice(0, 300)} ended with ${result.status}\n${result.stdout}\n${result.stderr}`);
  }
  const peak = /@peak (\d+)/.exec(result.stderr.toString())?.[1];
  return { seconds, peakBytes: Number(peak ?? 0) * 1024 };
}

/** One of the programs that are compared. `before` puts the machine back to where all of them start from. */
export interface Side {
  readonly before?: () => void;
  readonly run: () => Sample;
}

/** Runs all sides in turn, A B A B …; the figure of each is its median time and its highest peak. */
export function measure<Sides extends readonly Side[]>(rounds: number, ...sides: Sides): { [Index in keyof Sides]: Sample } {
  const samples: Sample[][] = sides.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, side] of sides.entries()) {
      side.before?.();
      samples[index]?.push(side.run());
    }
  }
  const figures = samples.map((of) => ({
    seconds: median(of.map(({ seconds }) => seconds)),
    peakBytes: Math.max(...of.map(({ peakBytes }) => peakBytes)),
  }));
  return figures as { [Index in keyof Sides]: Sample };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
