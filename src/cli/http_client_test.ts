import assert from "node:assert/strict";
import { FakeApi, runCommand } from "../../tests/kit/fake_api.ts";
import { apiPath } from "./api_path.ts";

const COMMANDS = [
  ["list-clients"],
  ["list-rules"],
  ["push-rule", "edge-01", "1", "10.0.0.5:2"],
  ["remove-rule", "1"],
  ["rule-stats", "1"],
];

Deno.test("apiPath escapes what is put into it", () => {
  assert.equal(apiPath`/rules/${12n}/stats`, "/rules/12/stats");
  assert.equal(apiPath`/rules?client=${"a&b/c d#é"}`, "/rules?client=a%26b%2Fc%20d%23%C3%A9");
});

Deno.test("HTTP commands without a token exit 4 before any request", async () => {
  await using api = new FakeApi();
  for (const args of COMMANDS) {
    for (const env of [{}, { PORTUNUS_OPERATOR_TOKEN: "" }]) {
      const { code, out, err } = await runCommand([...args, "--http-endpoint", api.endpoint], env);
      assert.equal(code, 4, args.join(" "));
      assert.match(err, /^error: unauthenticated \(.*PORTUNUS_OPERATOR_TOKEN.*\)\n$/);
      assert.equal(out, "");
    }
  }
  assert.deepEqual(api.seen, []);
});

Deno.test("HTTP commands send the token in a header and nowhere else", async () => {
  await using api = new FakeApi();
  api.answerJson("[]");
  await api.run("list-rules");
  const [request] = api.seen;
  assert.equal(request?.headers.get("authorization"), "Bearer sesame");
  assert.ok(!`${request?.target}${request?.body}`.includes("sesame"));
});

Deno.test("HTTP commands print the envelope and exit as their family says", async () => {
  await using api = new FakeApi();
  const exits: [code: string, exit: number][] = [
    ["client_already_exists", 2],
    ["invalid_name", 3],
    ["range_invalid", 3],
    ["exceeds_cap", 3],
    ["unsupported_protocol", 3],
    ["proxy_protocol_unsupported_by_client", 3],
    ["client_not_connected", 4],
    ["port_in_use", 5],
    ["activation_failed", 6],
    ["ack_timeout", 7],
    ["rule_not_found", 8],
    ["unauthenticated", 1],
    ["credential_invalid", 1],
    ["not_owner", 1],
    ["bootstrap_required", 1],
    ["store_error", 1],
    ["conflict.sni_route_duplicate", 1],
    ["code_of_a_newer_server", 1],
  ];
  for (const [name, exit] of exits) {
    api.refuse(422, name, `${name}: some text`);
    const { code, out, err } = await api.run("push-rule", "edge-01", "1", "10.0.0.5:2");
    assert.deepEqual([code, out, err], [exit, "", `error: ${name} (${name}: some text)\n`]);
  }
});

Deno.test("HTTP commands show the status line of a refusal without an envelope", async () => {
  await using api = new FakeApi();
  for (const body of ["", "<html>", "{}", `{"error":"x"}`, `{"error":{"code":1,"message":"x"}}`]) {
    api.answer = () => new Response(body, { status: 422 });
    const { code, err } = await api.run("list-rules");
    assert.deepEqual([code, err], [1, "error: server returned 422 Unprocessable Entity\n"]);
  }
  api.answer = () =>
    new Response(null, { status: 302, headers: { Location: "http://x.invalid/" } });
  assert.equal((await api.run("list-rules")).err, "error: server returned 302 Found\n");
});

Deno.test("HTTP commands exit 1 when the server cannot be reached or breaks off", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `127.0.0.1:${listener.addr.port}`;
  listener.close();
  const env = { PORTUNUS_OPERATOR_TOKEN: "sesame" };
  for (const target of [endpoint, "not a host", "127.0.0.1:99999"]) {
    const { code, out, err } = await runCommand(["list-rules", "--http-endpoint", target], env);
    assert.deepEqual([code, out], [1, ""], target);
    assert.match(err, /^error: http: .+\n$/);
    assert.ok(!err.includes("sesame"));
  }

  using truncating = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using conn = await truncating.accept();
    await conn.read(new Uint8Array(4_096));
    await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"));
  })();
  const cut = await runCommand(
    ["remove-rule", "1", "--http-endpoint", `127.0.0.1:${truncating.addr.port}`],
    env,
  );
  await served;
  assert.equal(cut.code, 1);
  assert.match(cut.err, /^error: http: /);
});

Deno.test("HTTP commands do not show a token that no header can carry", async () => {
  for (const token of ["sesa\nme", "sesame é"]) {
    const { code, err } = await runCommand(["list-rules", "--http-endpoint", "127.0.0.1:1"], {
      PORTUNUS_OPERATOR_TOKEN: token,
    });
    assert.equal(code, 1);
    assert.ok(!err.includes("sesa"), err);
  }
});

Deno.test("HTTP commands exit 1 for a success whose body is not what they expect", async () => {
  await using api = new FakeApi();
  const client = { client_id: "C", client_name: "n", connected: true, client_address: null };
  const bad = [
    ["list-rules", "{}"],
    ["list-rules", "<html>"],
    ["list-rules", ""],
    ["list-clients", JSON.stringify([{ ...client, remote_addr: null, connected_at: "noon" }])],
    ["push-rule", `{"rule_id":"1"}`],
    ["rule-stats", "{}"],
  ] as const;
  for (const [command, body] of bad) {
    api.answerJson(body);
    const args = COMMANDS.find(([name]) => name === command) ?? assert.fail();
    const { code, out, err } = await api.run(...args);
    assert.deepEqual([code, out], [1, ""], `${command} ${body}`);
    assert.match(err, /^error: parse response: .+\n$/);
  }
});
