import { Box, Text, type TextProps } from "ink";
import { escapeControls } from "../../model/escape-controls.ts";
import type { Line, Tone } from "../style.ts";

const looks: Readonly<Record<Tone, TextProps>> = {
  add: { color: "green" },
  change: { color: "yellow" },
  replace: { color: "magenta" },
  remove: { color: "red" },
  error: { color: "red", bold: true },
  warning: { color: "yellow", bold: true },
  note: { color: "cyan" },
  strong: { bold: true },
  faint: { dimColor: true },
};

/** Lines, each cut at the width of the terminal so that it takes exactly one row. */
export function Lines({ lines }: { readonly lines: readonly Line[] }) {
  return (
    <Box flexDirection="column">
      {lines.map((line, row) => (
        <Text key={row} wrap="truncate-end">
          {line.length === 0 ? " " : null}
          {line.map((part, column) => (
            <Text key={column} {...(part.tone === undefined ? {} : looks[part.tone])}>
              {escapeControls(part.text)}
            </Text>
          ))}
        </Text>
      ))}
    </Box>
  );
}
