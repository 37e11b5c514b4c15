import { parseSshTarget, type SshTarget } from "./target.ts";

/**
 * The host that the text of a configuration names, as far as that can be told without parsing it: undefined unless exactly one address with ssh
 * is in it, as the value of `uri`.
 */
export function targetInText(text: string): SshTarget | undefined {
  const lines = text.split("\n").filter((line) => line.includes("+ssh:") && !/^\s*#/.test(line));
  const [line = ""] = lines;
  const [, uri] = /^[^#]*\buri:\s+["']?(qemu\+ssh:\/\/[^\s"',}#]+)/.exec(line) ?? [];
  if (lines.length !== 1 || uri === undefined || line.split("+ssh:").length !== 2) return undefined;
  try {
    return parseSshTarget(uri);
  } catch {
    return undefined;
  }
}
