import { userError } from "../model/errors.ts";

/**
 * The paths of the configuration of each host, from the values of `--host` (`kvm1=site/kvm1`). A name that is given several times has several
 * paths. Throws a UserError for a value that is not of this form.
 */
export function hostPaths(values: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, string[]>();
  for (const value of values) {
    const [, name, path] = /^([A-Za-z0-9][A-Za-z0-9._-]*)=(.+)$/s.exec(value) ?? [];
    if (name === undefined || path === undefined)
      throw userError(
        "bad-option",
        `--host: "${value}" is not NAME=PATH`,
        "Write a name of letters, digits, dots, hyphens and underscores, and the path of the configuration of that host: --host kvm1=site/kvm1.",
      );
    paths.set(name, [...(paths.get(name) ?? []), path]);
  }
  return paths;
}
