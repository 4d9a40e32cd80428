import assert from "node:assert/strict";
import fc from "fast-check";
import { multipartFiles } from "./multipart.ts";

const TYPE = "multipart/form-data; boundary=edge";
const utf8 = new TextEncoder();

/** `text` in chunks of `size` bytes. */
async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

async function read(bytes: Uint8Array, { type = TYPE, size = 7 } = {}) {
  const files: [string, string][] = [];
  for await (const { filename, content } of multipartFiles(type, chunksOf(bytes, size))) {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of content) chunks.push(new Uint8Array(chunk));
    files.push([filename, await new Blob(chunks).text()]);
  }
  return files;
}

const part = (filename: string, content: string) =>
  `--edge\r\nContent-Disposition: form-data; name="f"; filename="${filename}"\r\n` +
  `Content-Type: text/html\r\n\r\n${content}\r\n`;

Deno.test("multipartFiles() reads what a browser sends, however it is cut", async () => {
  const form = new FormData();
  const contents: [string, string][] = [
    ["index.html", "<p>\r\n--\r\n--edg"],
    ["empty.css", ""],
    ["a/é b.js", "x".repeat(1_000)],
  ];
  for (const [name, content] of contents) form.append("files", new File([content], name), name);
  const request = new Request("http://x/", { method: "POST", body: form });
  const type = request.headers.get("content-type") ?? "";
  const bytes = await request.bytes();
  for (const size of [1, 2, 3, 61, bytes.length]) {
    assert.deepEqual(await read(bytes, { type, size }), contents, `chunks of ${size}`);
  }
});

Deno.test("multipartFiles() gives back any content, for any cut", async () => {
  const piece = fc.constantFrom("\r", "\n", "--edge", "--", "-", "\r\n--edg", "x", "\r\n");
  await fc.assert(fc.asyncProperty(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
    fc.integer({ min: 1, max: 40 }),
    async (content, size) => {
      fc.pre(!`\r\n${content}`.includes("\r\n--edge"));
      const bytes = utf8.encode(`${part("a.html", content)}${part("b.html", content)}--edge--\r\n`);
      assert.deepEqual(await read(bytes, { size }), [["a.html", content], ["b.html", content]]);
    },
  ));
});

Deno.test("multipartFiles() passes over what nobody reads", async () => {
  const bytes = utf8.encode(`${part("a.html", "aaa")}${part("b.html", "bbb")}--edge--`);
  const names: string[] = [];
  for await (const { filename } of multipartFiles(TYPE, chunksOf(bytes, 5))) names.push(filename);
  assert.deepEqual(names, ["a.html", "b.html"]);
});

Deno.test("multipartFiles() reads nothing ahead of whoever takes the files", async () => {
  let taken = 0;
  async function* body() {
    for (const chunk of [part("a.html", "aaa"), part("b.html", "bbb"), "--edge--"]) {
      taken += 1;
      yield await Promise.resolve(utf8.encode(chunk));
    }
  }
  for await (const { filename } of multipartFiles(TYPE, body())) {
    assert.equal(filename, "a.html");
    break;
  }
  assert.equal(taken, 1);
});

Deno.test("multipartFiles() refuses what is no form of files", async () => {
  const cases: [string, string, string?][] = [
    ["no boundary", part("a.html", "x"), "multipart/form-data"],
    ["another type", part("a.html", "x"), "text/plain; boundary=edge"],
    ["a preamble", `hello\r\n${part("a.html", "x")}--edge--`],
    ["an end that is missing", part("a.html", "x")],
    ["an end in the header", `--edge\r\nContent-Disposition: form-data; filename="a.html"`],
    ["nothing", ""],
    ["a field", `--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--edge--`],
    ["no disposition", `--edge\r\nContent-Type: text/html\r\n\r\nx\r\n--edge--`],
    ["a long boundary line", `--edges\r\n\r\nx\r\n--edge--`],
    ["a long header", `--edge\r\nX: ${"x".repeat(9_000)}\r\n\r\nx\r\n--edge--`],
  ];
  for (const [name, body, type = TYPE] of cases) {
    await assert.rejects(read(utf8.encode(body), { type }), { code: "upload_invalid" }, name);
  }
});
