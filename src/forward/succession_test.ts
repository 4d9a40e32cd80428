import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { FakeForwarder } from "../../tests/kit/fake_forwarder.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { turn } from "../../tests/kit/turn.ts";
import { Predecessor } from "./predecessor.ts";
import type { Succession, SuccessionChannel, SuccessionListener } from "./succession.ts";
import { SuccessionError } from "./succession_message.ts";
import { inherit } from "./successor.ts";

/** One end of a connection in memory, without sockets. */
class End implements SuccessionChannel {
  readonly peerPid = 42;
  readonly inbox: string[] = [];
  #waiting: (() => void) | null = null;
  isClosed = false;
  peer: End | null = null;

  async send(text: string): Promise<void> {
    await turn();
    if (this.isClosed || this.peer?.isClosed) throw new Error("closed");
    this.peer?.inbox.push(text);
    this.peer?.wake();
  }

  async receive(): Promise<string | null> {
    while (this.inbox.length === 0) {
      if (this.isClosed) throw new Error("closed");
      if (this.peer?.isClosed) return null;
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    return this.inbox.shift() ?? null;
  }

  giveSockets = (): Promise<void> => this.send("sockets");
  takeSockets = async (): Promise<number> => await this.receive() === "sockets" ? 1 : 0;

  [Symbol.dispose](): void {
    this.isClosed = true;
    this.wake();
    this.peer?.wake();
  }

  wake(): void {
    this.#waiting?.();
    this.#waiting = null;
  }
}

/** A place where processes meet, in memory. */
class Meeting implements Succession, SuccessionListener {
  readonly #callers: End[] = [];
  #waiting: PromiseWithResolvers<SuccessionChannel> | null = null;

  listen = (): SuccessionListener => this;
  dropUnclaimed = (): number => 0;

  connect(): SuccessionChannel {
    const [asking, asked] = [new End(), new End()];
    [asking.peer, asked.peer] = [asked, asking];
    if (this.#waiting === null) this.#callers.push(asked);
    this.#waiting?.resolve(asked);
    this.#waiting = null;
    return asking;
  }

  accept(): Promise<SuccessionChannel> {
    const caller = this.#callers.shift();
    if (caller !== undefined) return Promise.resolve(caller);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  [Symbol.dispose](): void {
    this.#waiting?.reject(new Error("closed"));
  }
}

class Fixture implements Disposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly forwarder = new FakeForwarder();
  readonly meeting = new Meeting();
  readonly predecessor: Predecessor;

  constructor() {
    this.forwarder.succession = this.meeting;
    this.predecessor = Predecessor.open({
      ...{ succession: this.meeting, path: "/p", identity: "me", clock: this.clock },
      ...{ logger: this.logger, describe: () => "state" },
    }) ?? assert.fail();
  }

  inherit = (identity = "me") =>
    inherit({ forwarder: this.forwarder, path: "/p", identity, clock: this.clock });

  [Symbol.dispose](): void {
    this.predecessor[Symbol.dispose]();
  }
}

const reasons = ({ logger }: Fixture, event: string) =>
  logger.of(event).map(({ fields }) => fields["reason"]);

Deno.test("a successor gets the state, then the news until the other is gone", async () => {
  using fixture = new Fixture();
  const next = fixture.predecessor.next();
  const inheritance = await fixture.inherit();
  assert.deepEqual([inheritance.state, inheritance.pid], ["state", 42]);
  const taking = inheritance.take();
  const heir = await next;
  assert.ok(heir?.isThere);
  await heir.release("first");
  assert.equal(await taking, "first");
  const news: string[] = [];
  const following = (async () => {
    for await (const it of inheritance.news()) news.push(it);
  })();
  await heir.tell("second");
  heir[Symbol.dispose]();
  await following;
  assert.deepEqual(news, ["second"]);
  assert.equal(fixture.clock.pending, 0);
});

Deno.test("a successor that is somebody else's is refused, and the next one is heard", async () => {
  using fixture = new Fixture();
  const next = fixture.predecessor.next();
  await assert.rejects(
    fixture.inherit("you"),
    new SuccessionError("refused: it is to do something else"),
  );
  using inheritance = await fixture.inherit();
  const taking = inheritance.take();
  const heir = await next;
  await heir?.release("");
  await taking;
  assert.deepEqual(reasons(fixture, "succession.refused"), ["it is to do something else"]);
});

Deno.test("a successor that dies before it serves, or speaks another language, changes nothing", async () => {
  using fixture = new Fixture();
  void fixture.predecessor.next();
  (await fixture.inherit())[Symbol.dispose]();
  const stranger = fixture.meeting.connect();
  await stranger.send("hello?");
  // Somebody only looks whether anybody is here.
  fixture.meeting.connect()[Symbol.dispose]();
  while (reasons(fixture, "succession.abandoned").length < 2) await turn();
  assert.deepEqual(reasons(fixture, "succession.abandoned"), [
    "the other process has ended",
    "the other process is of another kind",
  ]);
  assert.equal(fixture.clock.pending, 0);
});

Deno.test("a successor that takes too long is told so, and must not go on", async () => {
  using fixture = new Fixture();
  void fixture.predecessor.next();
  using inheritance = await fixture.inherit();
  fixture.clock.advance(60_000);
  await assert.rejects(inheritance.take(), SuccessionError);
  while (reasons(fixture, "succession.abandoned").length < 1) await turn();
  assert.match(String(reasons(fixture, "succession.abandoned")[0]), /within 60 s/);
});

Deno.test("a successor goes on when the other dies in the middle: nobody else is there", async () => {
  using fixture = new Fixture();
  const next = fixture.predecessor.next();
  using inheritance = await fixture.inherit();
  const taking = inheritance.take();
  (await next)?.[Symbol.dispose]();
  assert.equal(await taking, null);
});

Deno.test("Heir.isThere says when the successor is gone", async () => {
  using fixture = new Fixture();
  const next = fixture.predecessor.next();
  const inheritance = await fixture.inherit();
  void inheritance.take().catch(() => undefined);
  const heir = await next;
  inheritance[Symbol.dispose]();
  while (heir?.isThere) await turn();
  await assert.rejects(async () => await heir?.release(""));
});

Deno.test("inherit() says when the engine has no sockets, or nobody is there", async () => {
  using fixture = new Fixture();
  fixture.meeting.connect = () => {
    throw new Error("ENOENT");
  };
  await assert.rejects(
    fixture.inherit(),
    /^SuccessionError: nobody to take over from at \/p: ENOENT$/,
  );
  fixture.forwarder.succession = null;
  await assert.rejects(fixture.inherit(), /no sockets to take over/);
});

Deno.test("Predecessor.next() tries again a second after an accept that failed", async () => {
  using fixture = new Fixture();
  const { accept } = fixture.meeting;
  fixture.meeting.accept = () => Promise.reject(new Error("process 9 is another user's"));
  const next = fixture.predecessor.next();
  await turn();
  fixture.meeting.accept = accept;
  fixture.clock.advance(1_000);
  using inheritance = await fixture.inherit();
  const taking = inheritance.take();
  await (await next)?.release("");
  await taking;
  assert.equal(fixture.logger.of("succession.accept_failed").length, 1);
});
