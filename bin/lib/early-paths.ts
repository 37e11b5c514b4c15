/** Commands that contact the host of their configuration in any case. */
const contacting: readonly string[] = ["plan", "apply", "drift", "destroy"];
/** With these, the host may be another one than the file says. */
const redirecting = /^--?(?:host|var|var-file|help|h)(?:=|$)/;
/** Options whose next word is their value, which may look like a path. */
const withValue = /^--?(?:out|ignore|target|exclude|replace|explain|report|max-bytes|parallelism|lock-timeout|format)$/;

/**
 * The words of a command line that can only be paths of its configuration, none for the working directory. Undefined where the command need not
 * contact the host that its configuration names.
 */
export function earlyPaths([command = "", ...rest]: readonly string[]): readonly string[] | undefined {
  if (!contacting.includes(command) || rest.some((word) => redirecting.test(word))) return undefined;
  return rest.filter((word, index) => !word.startsWith("-") && !withValue.test(rest[index - 1] ?? ""));
}
