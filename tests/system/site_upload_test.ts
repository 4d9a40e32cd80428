/** Sites as whole processes: a large folder goes up in pieces, through whatever memory there is. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type Lab, labTest } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";

const MIB = 1024 * 1024;
/** A server that kept an upload in memory would grow by all of it. */
const FORM_BYTES = 256 * MIB;
/** Buffers that are done with wait for the collector: some 70 MiB, for 1 GiB of upload, too. */
const GROWTH_MAX_BYTES = 200 * MIB;
const FILE_BYTES = 8 * MIB;

interface Publishing {
  readonly operator: Operator;
  readonly pid: number;
}

/** A server whose set-up of publishing is complete. */
async function publishing(lab: Lab): Promise<Publishing> {
  const dataDir = lab.path("server");
  const token = await lab.bootstrap(dataDir);
  {
    using db = new DatabaseSync(`${dataDir}/state.db`);
    db.exec("UPDATE publish_state SET status = 'COMPLETED', domain = 'example.test'");
  }
  const server = await lab.server({
    config: {
      "publish.http_listen": "127.0.0.1:0",
      "publish.https_listen": "127.0.0.1:0",
      "publish.max_file_size": FORM_BYTES,
      "publish.max_site_size": 2 * FORM_BYTES,
    },
  });
  return { operator: new Operator(lab, server.http, token), pid: server.process.pid };
}

/** Resident memory of a process at its highest, in bytes. */
async function peakMemory(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** A body of one file, made while it is sent. */
function formOf(bytes: number): ReadableStream<Uint8Array> {
  const piece = new Uint8Array(MIB);
  const utf8 = new TextEncoder();
  return ReadableStream.from((async function* () {
    yield utf8.encode(
      '--edge\r\nContent-Disposition: form-data; name="f"; filename="form.wasm"\r\n\r\n',
    );
    for (let sent = 0; sent < bytes; sent += MIB) yield await Promise.resolve(piece);
    yield utf8.encode("\r\n--edge--\r\n");
  })());
}

labTest(
  "a folder goes up once; a form of any size, in constant memory",
  async (lab) => {
    const { operator, pid } = await publishing(lab);
    const folder = lab.path("folder");
    await Deno.mkdir(`${folder}/assets`, { recursive: true });
    await Deno.writeTextFile(`${folder}/index.html`, "<p>hello");
    await operator.ok(["site-add", "blog", "--domain", "blog.example.org"]);
    const upload = ["site-upload", "blog", folder];
    assert.match(await operator.ok(upload), / uploaded=1 bytes=8 unchanged=0 skipped=0\n$/);

    await Deno.create(`${folder}/assets/large.wasm`).then((file) => file.close());
    await Deno.truncate(`${folder}/assets/large.wasm`, FILE_BYTES);
    const first = await operator.ok(upload);
    assert.match(first, new RegExp(` uploaded=1 bytes=${FILE_BYTES} unchanged=1 skipped=0\n$`));
    assert.match(await operator.ok(upload), / uploaded=0 bytes=0 unchanged=2 skipped=0\n$/);

    const before = await peakMemory(pid);
    const { body: [site] } = await operator.api("GET", "/v1/sites") as { body: [{ id: string }] };
    const files = `http://${operator.http}/v1/sites/${site.id}/files`;
    const headers = {
      Authorization: `Bearer ${operator.token}`,
      "Content-Type": "multipart/form-data; boundary=edge",
    };
    const answer = await fetch(files, { method: "POST", headers, body: formOf(FORM_BYTES) });
    assert.deepEqual([answer.status, await answer.json()], [200, { files: 1, bytes: FORM_BYTES }]);

    const growth = await peakMemory(pid) - before;
    assert.ok(growth < GROWTH_MAX_BYTES, `the server grew by ${growth} bytes`);
    const dir = await Array.fromAsync(Deno.readDir(`${lab.path("server")}/sites/${site.id}`));
    assert.deepEqual(dir.map(({ name }) => name).sort(), ["assets", "form.wasm", "index.html"]);
  },
);
