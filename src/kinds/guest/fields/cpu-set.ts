/** The numbers in a list of CPUs such as `0-3,8`, in order and each once. */
export function cpuNumbers(text: string): number[] {
  const numbers = text.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: Math.max(0, Math.min(last - first + 1, 4096)) }, (_, index) => first + index);
  });
  return [...new Set(numbers)].sort((one, other) => one - other);
}

/** A list of CPUs as libvirt writes it: in order, with the longest ranges. */
export function cpuSet(text: string): string {
  const ranges: [number, number][] = [];
  for (const number of cpuNumbers(text)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(",");
}
