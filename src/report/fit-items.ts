/** Part of a report in a long and a short form, each with its line end. */
export interface FittingItem {
  readonly full: string;
  readonly short: string;
}

/** Bytes kept for the sentence about what was left out. */
const noticeBytes = 200;

/**
 * A document of at most `maxBytes`: `top` and `bottom` whole, of the items as many in full as fit, the others in their short form, and the rest
 * counted. It exceeds the limit only where `top` and `bottom` alone do.
 */
export function fitItems(given: {
  readonly top: string;
  readonly items: readonly FittingItem[];
  readonly bottom: string;
  readonly maxBytes: number;
}): string {
  const { top, items, bottom, maxBytes } = given;
  const room = maxBytes - bytes(top) - bytes(bottom);
  // An empty line separates a list from what follows it.
  const whole = items.map(({ full }) => `${full}\n`);
  if (whole.reduce((sum, text) => sum + bytes(text), 0) <= room) return top + whole.join("") + bottom;
  const shorts = items.map(({ short }) => bytes(short) + 1);
  let used = noticeBytes;
  let listed = 0;
  while (listed < items.length && used + (shorts[listed] ?? 0) <= room) used += shorts[listed++] ?? 0;
  const shown: string[] = [];
  let expanded = 0;
  for (const [index, { short }] of items.slice(0, listed).entries()) {
    const full = whole[index] ?? "";
    const grown = used + bytes(full) - (shorts[index] ?? 0);
    const expand = listed === items.length && grown <= room;
    if (expand) {
      used = grown;
      expanded += 1;
    }
    shown.push(expand ? full : short);
  }
  const left = [
    ...(listed > expanded ? [`${listed - expanded} of ${items.length} entries are shortened`] : []),
    ...(listed < items.length ? [`${items.length - listed} more are left out`] : []),
  ];
  return `${top}${shown.join("")}\n_${left.join(", ")}: the report is limited to ${maxBytes} bytes._\n\n${bottom}`;
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
