import assert from "node:assert/strict";
import { test } from "node:test";
import { approximateQuantity, formatQuantity, parseQuantity } from "../../../src/model/quantity.ts";

test("sizes become bytes exactly", () => {
  assert.equal(parseQuantity("512MiB"), 512 * 2 ** 20);
  assert.equal(parseQuantity("1.5GiB"), 1.5 * 2 ** 30);
  assert.equal(parseQuantity("0GiB"), 0);
  assert.equal(parseQuantity("7B"), 7);
});

test("what is no size is no number of bytes", () => {
  for (const text of ["", "5", "5GB", "5 GiB", "-1GiB", "GiB", "1e3MiB", "0.3B", "99999999PiB", "5gib"])
    assert.equal(parseQuantity(text), undefined, text);
});

test("bytes are shown exactly where a unit divides them", () => {
  assert.equal(formatQuantity(20 * 2 ** 30), "20GiB");
  assert.equal(formatQuantity(1536 * 2 ** 20), "1536MiB");
  assert.equal(formatQuantity(0), "0B");
  assert.equal(formatQuantity(1_234_567), "1.2MiB");
});

test("bytes for a comparison are rounded, by the same rule wherever they are", () => {
  assert.equal(approximateQuantity(123_456_789), formatQuantity(123_456_789));
  assert.equal(approximateQuantity(123_456_789), "118MiB");
  assert.equal(approximateQuantity(2 ** 30 - 1), "1GiB", "never 1024.0MiB");
  assert.equal(approximateQuantity(15744 * 2 ** 20), "15.4GiB");
  assert.equal(approximateQuantity(20 * 2 ** 30), "20GiB");
  assert.equal(approximateQuantity(12), "12B");
});
