/** A place among the words of a command. */
export interface Slot {
  /** Words that are written as they are: `lock`, `observe`. */
  readonly literals: readonly string[];
  /** What else may stand there, as the usage calls it: `NAME`, `PATH`. */
  readonly kinds: readonly string[];
  readonly optional: boolean;
  readonly repeated: boolean;
}

/**
 * The places of the words of a command, from its usage: `[NAME…] [PATH…] [options]`. Forms after ` | ` that begin with an option count
 * only if it is among `given`; others add what may stand in the first place. Pure.
 */
export function usageSlots(usage: string, given: readonly string[] = []): readonly Slot[] {
  const forms = usage.replaceAll(/\[([^\]]*) \| ([^\]]*)\]/g, "[$1] | [$2]").split(" | ");
  const special = forms.find((form) => form.startsWith("--") && given.includes(form.split(" ")[0] ?? ""));
  if (special !== undefined) return slotsOf(special);
  const [first = [], ...others] = forms.filter((form) => !form.startsWith("--")).map(slotsOf);
  const also = others.flatMap((slots) => slots[0]?.kinds ?? []);
  return first.map((slot, index) => (index === 0 ? { ...slot, kinds: [...slot.kinds, ...also] } : slot));
}

function slotsOf(form: string): Slot[] {
  const words = form.replaceAll(/\[--[^\]]*\]|\[options\]/g, "").split(/\s+/);
  return words.flatMap((written): Slot[] => {
    const choices = written.replaceAll(/[[\]\u2026]/g, "").split("|");
    const words = choices.filter((word) => /^[A-Za-z]/.test(word));
    if (words.length === 0) return [];
    return [
      {
        literals: words.filter((word) => word !== word.toUpperCase()),
        kinds: words.filter((word) => word === word.toUpperCase()),
        optional: written.startsWith("["),
        repeated: written.includes("…"),
      },
    ];
  });
}
