/** How a cell of the terminal looks. */
interface Look {
  readonly color?: string;
  readonly background?: string;
  readonly bold?: true;
  readonly faint?: true;
  readonly inverse?: true;
}

interface Run {
  readonly column: number;
  readonly text: string;
  readonly look: Look;
}

const paper = "#14161b";
const ink = "#d7dae0";
const palette = ["#3b4048", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d7dae0"];
const bright = ["#6b7280", "#ff7b86", "#b1e08c", "#ffd68a", "#7cc4ff", "#dc8ff2", "#6fd3df", "#ffffff"];

const cell = { width: 8.4, height: 18 };
const margin = 14;
const bar = 28;

/** A picture of a terminal as SVG, from text with ANSI colours as `tmux capture-pane -e -p` gives it. Pure. */
export function frameToSvg(frame: string, options: { readonly columns?: number; readonly title?: string } = {}): string {
  const lines = frame.replace(/\s+$/, "").split(/\r?\n/);
  const rows = parseFrame(lines);
  const widest = Math.max(1, ...rows.map((runs) => Math.max(0, ...runs.map(({ column, text }) => column + [...text].length))));
  const width = Math.ceil((options.columns ?? widest) * cell.width + 2 * margin);
  const height = Math.ceil(rows.length * cell.height + 2 * margin + bar);
  const body = rows.flatMap((runs, row) => runs.map((run) => drawRun(run, row))).join("\n");
  const title = options.title === undefined ? "" : `\n<title>${escapeMarkup(options.title)}</title>`;
  const dots = ["#e06c75", "#e5c07b", "#98c379"].map(
    (color, index) => `<circle cx="${margin + 6 + index * 18}" cy="18" r="5.5" fill="${color}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">${title}
<rect width="${width}" height="${height}" rx="8" fill="${paper}"/>
${dots.join("")}
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="${ink}" xml:space="preserve">
${body}
</g>
</svg>
`;
}

function drawRun({ column, text, look }: Run, row: number): string {
  const x = round(margin + column * cell.width);
  const top = margin + bar + row * cell.height;
  const length = round([...text].length * cell.width);
  const [color, background] = look.inverse ? [look.background ?? paper, look.color ?? ink] : [look.color, look.background];
  const under =
    background === undefined ? "" : `<rect x="${x}" y="${round(top)}" width="${length}" height="${cell.height}" fill="${background}"/>`;
  if (text.trim() === "") return under;
  const attributes = [
    ...(color === undefined ? [] : [`fill="${color}"`]),
    ...(look.bold ? ['font-weight="bold"'] : []),
    ...(look.faint ? ['opacity="0.6"'] : []),
  ].map((attribute) => ` ${attribute}`);
  return `${under}<text x="${x}" y="${round(top + 13.5)}" textLength="${length}"${attributes.join("")}>${escapeMarkup(text)}</text>`;
}

/** Runs of equal look, line by line; a look lasts over the end of a line. */
function parseFrame(lines: readonly string[]): Run[][] {
  let look: Look = {};
  return lines.map((line) => {
    const runs: Run[] = [];
    let column = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this reads
    for (const part of line.split(/(\u001b\[[0-9;:?]*[A-Za-z]|\u001b[()][A-Za-z0-9]|[\u000e\u000f])/)) {
      if (part.startsWith("\u001b[") && part.endsWith("m")) look = applyCodes(look, part.slice(2, -1));
      if (part === "" || part < " ") continue;
      runs.push({ column, text: part, look });
      column += [...part].length;
    }
    return runs;
  });
}

function applyCodes(before: Look, text: string): Look {
  const codes = text.split(/[;:]/).map(Number);
  let look = before;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extendedColor(codes.slice(index + 1));
      index += used;
      if (color !== undefined) look = { ...look, [code === 38 ? "color" : "background"]: color };
    } else look = applyCode(look, code);
  }
  return look;
}

function applyCode(look: Look, code: number): Look {
  const { bold: _bold, faint: _faint, ...even } = look;
  const { inverse: _inverse, ...upright } = look;
  const { color: _color, ...plain } = look;
  const { background: _background, ...bare } = look;
  if (code === 0) return {};
  if (code === 1) return { ...look, bold: true };
  if (code === 2) return { ...look, faint: true };
  if (code === 22) return even;
  if (code === 7) return { ...look, inverse: true };
  if (code === 27) return upright;
  if (code === 39) return plain;
  if (code === 49) return bare;
  const color = (from: number, colors: readonly string[]) => (code >= from && code < from + 8 ? colors[code - from] : undefined);
  const foreground = color(30, palette) ?? color(90, bright);
  if (foreground !== undefined) return { ...look, color: foreground };
  const background = color(40, palette) ?? color(100, bright);
  return background === undefined ? look : { ...look, background };
}

/** The colour that follows 38 or 48, and how many codes it took. */
function extendedColor(codes: readonly number[]): [string | undefined, number] {
  const [mode, a = 0, b = 0, c = 0] = codes;
  const hex = (...parts: number[]) => `#${parts.map((part) => Math.max(0, Math.min(255, part)).toString(16).padStart(2, "0")).join("")}`;
  if (mode === 2) return [hex(a, b, c), 4];
  if (mode !== 5) return [undefined, 0];
  if (a < 8) return [palette[a], 2];
  if (a < 16) return [bright[a - 8], 2];
  if (a >= 232) return [hex(8 + (a - 232) * 10, 8 + (a - 232) * 10, 8 + (a - 232) * 10), 2];
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const index = a - 16;
  return [hex(level(Math.floor(index / 36)), level(Math.floor(index / 6) % 6), level(index % 6)), 2];
}

function escapeMarkup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
