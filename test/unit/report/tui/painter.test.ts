import assert from "node:assert/strict";
import { test } from "node:test";
import { createPainter } from "../../../../src/report/tui/painter.ts";

/** What a terminal shows: only what a painter uses of one. A line that is as wide as the terminal does not wrap before the next character. */
function createScreen(columns: number) {
  const rows: string[] = [""];
  let [row, column, hidden] = [0, 0, false];
  const put = (character: string) => {
    assert.ok(column < columns, "a line wraps");
    const line = (rows[row] ?? "").padEnd(column);
    rows[row] = line.slice(0, column) + character + line.slice(column + 1);
    column += 1;
  };
  return {
    write(text: string) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal reads control characters
      for (const [whole, number = "1", command = ""] of text.matchAll(/\u001b\[\??(\d*)([A-Za-z])|./gs)) {
        if (whole === "\r") column = 0;
        else if (whole === "\n") {
          row += 1;
          rows[row] ??= "";
        } else if (command === "A") row -= Number(number);
        else if (command === "B") {
          row += Number(number || "1");
          assert.ok(row < rows.length, "the cursor would stay on the last line");
        } else if (command === "K") rows[row] = "";
        else if (command === "J") {
          rows.length = row + 1;
          rows[row] = (rows[row] ?? "").slice(0, column);
        } else if (command === "l" || command === "h") hidden = command === "l";
        else put(whole);
        assert.ok(row >= 0);
      }
    },
    text: () => rows.join("\n"),
    cursorHidden: () => hidden,
  };
}

test("frames of any length and difference are shown one over the other, below what was there", () => {
  const screen = createScreen(6);
  const painter = createPainter();
  screen.write("$ it\r\n");
  for (const frame of ["one\ntwo\nthree", "one\n2\nthree", "one\n2", "a\nb\nc\nd", "a\nb\nc\nd", "sixsix\n\nsixsix", "alone", "x\ny"]) {
    screen.write(painter.next(frame));
    assert.equal(screen.text(), `$ it\n${frame}\n`);
    assert.equal(screen.cursorHidden(), true);
  }
  screen.write(painter.clear());
  assert.equal(screen.text(), "$ it\n");
  assert.equal(screen.cursorHidden(), false);
  screen.write("done");
  assert.equal(screen.text(), "$ it\ndone");
});

test("a line that stays is not written again", () => {
  const painter = createPainter();
  painter.next("a long first line\n1");
  const text = painter.next("a long first line\n2");
  assert.doesNotMatch(text, /first/);
  assert.match(text, /2/);
});
