/** A run of at least this many numbers is written as a range. */
const shortestRun = 3;

/**
 * Names with runs of numbers as ranges: `web-0 … web-9` for ten of them, `disk/web-0.root … disk/web-9.root` for addresses. Names that differ in more
 * than one number, or have none, stay as they are. Pure.
 */
export function nameRanges(names: readonly string[]): string[] {
  const families = new Map<string, { readonly name: string; readonly number: number }[]>();
  for (const name of names) {
    // The last number of a name counts its object; what follows it is the part of the object, such as `.root`.
    const [, before = name, digits, after = ""] = /^(.*?[-_])(\d{1,9})((?:\.[^/]*)?)$/.exec(name) ?? [];
    const isNumbered = digits !== undefined && (digits === "0" || !digits.startsWith("0"));
    const family = isNumbered ? JSON.stringify([before, after]) : name;
    const member = { name, number: isNumbered ? Number(digits) : 0 };
    const members = families.get(family);
    if (members === undefined) families.set(family, [member]);
    else members.push(member);
  }
  return [...families.values()].flatMap((members) => {
    const sorted = members.sort((one, other) => one.number - other.number);
    const runs: (typeof members)[] = [];
    for (const member of sorted) {
      const run = runs.at(-1);
      if (run?.at(-1)?.number === member.number - 1) run.push(member);
      else runs.push([member]);
    }
    return runs.flatMap((run) => {
      const [first, last] = [run[0]?.name ?? "", run.at(-1)?.name ?? ""];
      return run.length < shortestRun ? run.map(({ name }) => name) : [`${first} … ${last}`];
    });
  });
}
