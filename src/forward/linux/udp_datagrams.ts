/**
 * The UDP half of a Worker: passes on datagrams between listening sockets and those of flows.
 *
 * @module
 */

import { DatagramQueue } from "../portable/datagram_queue.ts";
import { datagramProblem } from "../portable/os_error.ts";
import type { Direction } from "../policy/meter.ts";
import { type Epoll, KIND } from "./epoll.ts";
import type { MeterTaker } from "./meter_taker.ts";
import { EPOLL, SOCKET } from "./native/abi.ts";
import { ERRNO, errnoName } from "./native/errno.ts";
import type { Libc } from "./native/libc.ts";
import type { Message } from "./ring.ts";
import { type Loss, UdpCounts } from "./udp_counts.ts";
import { FLOW, FlowTable, KEY } from "./udp_flow_table.ts";
import { Groups } from "./udp_groups.ts";
import { BATCH, Inbox } from "./udp_inbox.ts";
import { type Listening, UdpListeners } from "./udp_listeners.ts";
import { Outbox, type OutboxSink } from "./udp_outbox.ts";
import { NOTICE, UDP_COMMAND, UDP_EVENT, type UdpStart } from "./udp_protocol.ts";

/** A tag of an event holds the flow, and as much of its generation as there is room for. */
const FLOW_BITS = 16;
const GENERATION_MASK = 0xfff;

export interface DatagramsOptions {
  readonly libc: Libc;
  readonly epoll: Epoll;
  readonly meters: MeterTaker;
  readonly start: UdpStart;
  /** Tells the main thread. */
  readonly tell: (message: Message) => void;
  /** The same, unless there is no room. */
  readonly tellIfRoom: (message: Message) => void;
}

/**
 * A socket that is readable has one batch received at a time, and is told of again while there is
 * more (its registration is level-triggered), so none keeps others waiting. Everything that is done
 * per datagram or batch uses memory that was made at the start; only what waits for a target is
 * copied.
 */
export class Datagrams implements OutboxSink, Disposable {
  readonly #options: DatagramsOptions;
  readonly #libc: Libc;
  readonly #meters: MeterTaker;
  readonly #counts: UdpCounts;
  readonly #flows: FlowTable;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #listeners: UdpListeners;
  /** What waits until its flow has a target. */
  readonly #queues = new Map<number, DatagramQueue>();
  readonly #key = new Int32Array(KEY.words);
  /** The batch under way: its messages by flow, and how long the datagrams of each are. */
  readonly #groups = new Groups();
  readonly #segments = new Int32Array(BATCH);
  /** What is being sent, for `sendFailed`. */
  #flow = -1;
  #direction: Direction = "in";
  /** What may still be taken off the quota by what is being collected. */
  #budget = 0;

  constructor(options: DatagramsOptions) {
    this.#options = options;
    this.#libc = options.libc;
    this.#meters = options.meters;
    this.#counts = new UdpCounts(options.start);
    this.#flows = new FlowTable(options.start.seed);
    this.#listeners = new UdpListeners(options.epoll, options.tell);
    this.#inbox = new Inbox(options.libc);
    this.#outbox = new Outbox(options.libc, this);
  }

  /** Does a command. @returns whether it was one about UDP */
  obey([kind = 0, a = 0, b = 0, c = 0, d = 0]: Int32Array): boolean {
    switch (kind) {
      case UDP_COMMAND.listen:
        this.#listeners.add(a, { fd: b, rule: c, owner: d });
        return true;
      case UDP_COMMAND.unlisten:
        this.#listeners.remove(a);
        return true;
      case UDP_COMMAND.retire:
        this.#listeners.retire(a);
        return true;
      case UDP_COMMAND.resume:
        this.#listeners.watch(a);
        return true;
      case UDP_COMMAND.open:
        this.#open(a, b, c !== 0);
        return true;
      case UDP_COMMAND.end:
        this.#end(a);
        return true;
      case UDP_COMMAND.refuse:
        this.#refuse(a);
        return true;
      case UDP_COMMAND.resumeFlow:
        if (this.#flows.state[a] === FLOW.open) this.#watchFlow(a);
        return true;
      default:
        return false;
    }
  }

  /** There is something to receive on a listening socket. */
  listenerReady(listener: number): void {
    const listening = this.#listeners.get(listener);
    if (listening === undefined) return;
    const count = this.#inbox.receive(listening.fd);
    if (count < 0) return this.#listeners.failed(listener, this.#libc.errno());
    this.#sort(listener, listening, count);
    for (let group = 0; group < this.#groups.count; group++) this.#forward(group, listening);
  }

  /** There is something to receive on the socket of a flow, or an error. */
  flowReady(fd: number, tag: number): void {
    const flow = tag & ((1 << FLOW_BITS) - 1);
    const isMeant = this.#flows.state[flow] === FLOW.open && this.#flows.fd[flow] === fd &&
      ((this.#flows.generation[flow] ?? 0) & GENERATION_MASK) === tag >>> FLOW_BITS;
    if (!isMeant) return;
    const count = this.#inbox.receive(fd);
    if (count < 0) return this.#flowFailed(flow, this.#libc.errno());
    const listening = this.#listeners.get(this.#flows.keyAt(flow, KEY.listener));
    if (listening !== undefined) this.#reply(flow, listening, count);
  }

  sendFailed(errno: number, datagrams: number): boolean {
    const flow = this.#flow;
    const isReply = this.#direction === "out";
    const problem = datagramProblem(errnoName(errno));
    switch (problem) {
      case "unreachable":
        if (isReply) break;
        this.#evict(flow, errno, 0);
        return false;
      case "too_big":
        this.#lost(flow, "emsgsize", datagrams);
        this.#notice(flow, NOTICE.tooBig, errno);
        return true;
      case "would_block": {
        const { replyWouldBlock, upstreamWouldBlock } = NOTICE;
        this.#lost(flow, "wouldblock", 1);
        this.#notice(flow, isReply ? replyWouldBlock : upstreamWouldBlock, errno);
        return false;
      }
      case "other":
        break;
      default:
        return problem satisfies never;
    }
    if (isReply) this.#notice(flow, NOTICE.replyFailed, errno);
    else this.#lost(flow, "send_dropped", datagrams);
    return true;
  }

  /** Closes the sockets of all flows. */
  [Symbol.dispose](): void {
    for (let flow = 0; flow < this.#flows.used; flow++) {
      if (this.#flows.state[flow] === FLOW.open) this.#libc.close(this.#flows.fd[flow] ?? -1);
    }
  }

  #flowFailed(flow: number, errno: number): void {
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return;
    if (datagramProblem(errnoName(errno)) === "unreachable") return this.#evict(flow, errno, 1);
    this.#options.epoll.unregister(this.#flows.fd[flow] ?? -1);
    this.#options.tell([UDP_EVENT.flowFailed, flow, errno]);
  }

  /** Puts the messages of a batch in order of their flows. Those without one are dealt with. */
  #sort(listener: number, listening: Listening, count: number): void {
    this.#groups.clear();
    let flow = -1;
    this.#key[KEY.listener] = listener;
    for (let i = 0; i < count; i++) {
      const segment = this.#inbox.keyOf(i, this.#key);
      this.#segments[i] = segment;
      // What comes together is often of one flow.
      if (flow < 0 || !this.#flows.hasKey(flow, this.#key)) flow = this.#flowOf(listening);
      if (flow < 0) continue;
      if (this.#inbox.isTruncated(i)) this.#lost(flow, "send_dropped", 1);
      else if (this.#flows.state[flow] === FLOW.open) this.#groups.add(flow, i);
      else this.#enqueue(flow, i, segment);
    }
  }

  /** The flow of `#key`; when there is none, the main thread is asked for one. */
  #flowOf({ owner }: Listening): number {
    const known = this.#flows.find(this.#key);
    if (known >= 0 || this.#meters.isExhausted(owner)) return known;
    const flow = this.#flows.add(this.#key);
    if (flow >= 0 && this.#ask(flow)) return flow;
    if (flow >= 0) this.#end(flow);
    this.#counts.lost(this.#key[KEY.listener] ?? 0, "addflow_dropped", 1);
    return -1;
  }

  /** Asks where a flow goes. @returns false when too many questions wait for an answer */
  #ask(flow: number): boolean {
    if (!this.#counts.ask()) return false;
    this.#counts.reset(flow);
    const listener = this.#flows.keyAt(flow, KEY.listener);
    const source = this.#flows.keyAt(flow, KEY.source);
    const words = (source & 0xffff) === SOCKET.AF_INET ? [source] : [source, 0];
    for (let at: number = KEY.address; at <= KEY.scope; at++) {
      words.push(this.#flows.keyAt(flow, at));
    }
    this.#options.tell([UDP_EVENT.wanted, flow, listener, ...words]);
    return true;
  }

  /** Each datagram that waits may be the one that is let in. */
  #refuse(flow: number): void {
    const queue = this.#queues.get(flow);
    queue?.shift();
    if (queue?.peek() === undefined || !this.#ask(flow)) this.#end(flow);
  }

  #enqueue(flow: number, message: number, segment: number): void {
    const listening = this.#listeners.get(this.#flows.keyAt(flow, KEY.listener));
    if (listening === undefined) return;
    const queue = this.#queues.get(flow) ?? new DatagramQueue(listening.queueBudget);
    this.#queues.set(flow, queue);
    const length = this.#inbox.lengthOf(message);
    const step = segment || length;
    for (let offset = 0; offset < length || length === 0; offset += step) {
      const bytes = Math.min(step, length - offset);
      if (!queue.push(this.#inbox.data(message, offset, bytes))) {
        this.#lost(flow, "flows_pending_drops", 1);
        this.#notice(flow, NOTICE.pendingDrop, 0);
      }
      if (length === 0) break;
    }
  }

  /** Sends the datagrams of one flow to its target. */
  #forward(group: number, listening: Listening): void {
    const flow = this.#groups.flowOf(group);
    // A flow of the batch may have ended with another's datagrams.
    if (this.#flows.state[flow] !== FLOW.open) return;
    this.#outbox.begin(this.#flows.isUnsegmented[flow] === 0);
    this.#begin(flow, "in", listening);
    for (let i = this.#groups.firstOf(group); i >= 0; i = this.#groups.after(i)) {
      this.#collect(i, this.#segments[i] ?? 0, listening);
    }
    this.#finish(listening);
  }

  /** Sends what the target of a flow has sent to its source. */
  #reply(flow: number, listening: Listening, count: number): void {
    if (this.#flows.isAwaited[flow] === 1) {
      this.#flows.isAwaited[flow] = 0;
      this.#options.tell([UDP_EVENT.answered, flow]);
    }
    this.#outbox.beginReply(this.#flows, flow, this.#flows.isUnsegmented[flow] === 0);
    this.#begin(flow, "out", listening);
    for (let i = 0; i < count; i++) {
      if (this.#inbox.isTruncated(i)) this.#lost(flow, "send_dropped", 1);
      else this.#collect(i, this.#inbox.segmentOf(i), listening);
    }
    this.#finish(listening);
  }

  #begin(flow: number, direction: Direction, { owner }: Listening): void {
    this.#flow = flow;
    this.#direction = direction;
    this.#budget = this.#meters.isExhausted(owner) ? 0 : this.#meters.left(owner);
    this.#counts.sending(flow);
  }

  /** Puts a message into the outbox: whole, or what caps and quota let pass of it. */
  #collect(message: number, segment: number, { rule, owner }: Listening): void {
    const isMetered = this.#meters.isActive(rule) || this.#meters.isActive(owner);
    const length = this.#inbox.lengthOf(message);
    const address = this.#inbox.addressOf(message);
    if (!isMetered && (segment === 0 || this.#outbox.takesTrains(segment))) {
      return this.#add(address, length, segment);
    }
    const step = segment || length;
    for (let offset = 0; offset <= length; offset += step) {
      const bytes = Math.min(step, length - offset);
      if (this.#passes(bytes, rule, owner)) this.#add(address + offset, bytes, 0);
      if (offset + bytes >= length) return;
    }
  }

  #passes(bytes: number, rule: number, owner: number): boolean {
    if (this.#budget <= 0) return false;
    const isAllowed = this.#meters.acquire(owner, this.#direction, bytes) &&
      this.#meters.acquire(rule, this.#direction, bytes);
    if (isAllowed) this.#budget -= bytes;
    else {
      const isReply = this.#direction === "out";
      this.#lost(this.#flow, isReply ? "bandwidth_dropped_out" : "bandwidth_dropped_in", 1);
    }
    return isAllowed;
  }

  #add(address: number, length: number, segment: number): void {
    if (this.#outbox.add(address, length, segment)) return;
    this.#send();
    this.#outbox.add(address, length, segment);
  }

  /** Sends what is in the outbox, unless the flow has ended. */
  #send(): void {
    const flow = this.#flow;
    if (this.#flows.state[flow] !== FLOW.open) return;
    const isReply = this.#direction === "out";
    const listener = this.#flows.keyAt(flow, KEY.listener);
    const fd = isReply ? this.#listeners.get(listener)?.fd : this.#flows.fd[flow];
    this.#outbox.send(fd ?? -1);
    if (!this.#outbox.isSegmenting) this.#flows.isUnsegmented[flow] = 1;
  }

  #finish({ owner }: Listening): void {
    this.#send();
    const { sentBytes, sentDatagrams } = this.#outbox;
    if (this.#direction === "in") this.#counts.sentIn(this.#flow, sentBytes, sentDatagrams);
    else this.#counts.sentOut(this.#flow, sentBytes, sentDatagrams);
    this.#meters.spend(owner, sentBytes);
  }

  #open(flow: number, fd: number, isAwaited: boolean): void {
    if (this.#flows.state[flow] !== FLOW.asked) {
      this.#libc.close(fd);
      return;
    }
    this.#flows.state[flow] = FLOW.open;
    this.#flows.fd[flow] = fd;
    this.#flows.isAwaited[flow] = isAwaited ? 1 : 0;
    this.#watchFlow(flow);
    this.#sendQueued(flow);
  }

  #watchFlow(flow: number): void {
    const generation = (this.#flows.generation[flow] ?? 0) & GENERATION_MASK;
    const tag = generation << FLOW_BITS | flow;
    const fd = this.#flows.fd[flow] ?? -1;
    const errno = this.#options.epoll.register(fd, EPOLL.IN, { kind: KIND.udpFlow, tag });
    if (errno !== 0) this.#options.tell([UDP_EVENT.flowFailed, flow, errno]);
  }

  /** Sends what came while the target was looked for, ahead of what comes next. */
  #sendQueued(flow: number): void {
    const queue = this.#queues.get(flow);
    const listening = this.#listeners.get(this.#flows.keyAt(flow, KEY.listener));
    this.#queues.delete(flow);
    if (queue === undefined || listening === undefined) return;
    while (queue.peek() !== undefined) {
      this.#outbox.begin(this.#flows.isUnsegmented[flow] === 0);
      this.#begin(flow, "in", listening);
      for (let i = 0; i < BATCH; i++, queue.shift()) {
        const data = queue.peek();
        if (data === undefined) break;
        // Nothing is being received now.
        this.#inbox.put(i, data);
        const passes = this.#passes(data.length, listening.rule, listening.owner);
        if (passes) this.#add(this.#inbox.addressOf(i), data.length, 0);
      }
      this.#finish(listening);
    }
  }

  /** Closes a flow whose target is gone: the next datagram of its source makes a new one. */
  #evict(flow: number, errno: number, isReceive: number): void {
    this.#libc.close(this.#flows.fd[flow] ?? -1);
    this.#flows.hide(flow);
    this.#options.tell([UDP_EVENT.evicted, flow, errno, isReceive]);
  }

  #end(flow: number): void {
    const state = this.#flows.state[flow];
    if (state === FLOW.free) return;
    if (state === FLOW.open) this.#libc.close(this.#flows.fd[flow] ?? -1);
    if (state !== FLOW.gone) this.#flows.hide(flow);
    this.#queues.get(flow)?.clear();
    this.#queues.delete(flow);
    this.#flows.free(flow);
  }

  #lost(flow: number, loss: Loss, datagrams: number): void {
    this.#counts.lost(this.#flows.keyAt(flow, KEY.listener), loss, datagrams);
  }

  #notice(flow: number, notice: number, errno: number): void {
    this.#options.tellIfRoom([UDP_EVENT.notice, flow, notice, errno]);
  }
}
