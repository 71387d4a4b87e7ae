/** The stream of a live layout: docs/stream.md. Reconnects by itself, and goes on where it was. */

import { Emitter } from "./emitter";
import { Places, type FrameInfo } from "./frame";
import type { LayoutState } from "./types";

export interface StreamEvents {
  /** Places have changed. */
  frame: FrameInfo & { places: Places };
  state: { state: LayoutState; reason?: string; iteration?: number };
  options: Record<string, unknown>;
  pinned: number[];
  /** What the server, or a frame, said that is wrong. */
  error: string;
  /** Whether there is a connection; seconds until the next try, if there is none. */
  connection: { open: boolean; retry?: number };
}

/** What a stream speaks through: a WebSocket, or what passes for one. */
export interface Wire {
  binaryType: BinaryType;
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<string | ArrayBuffer>) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(): void;
}

/** Seconds between tries: the first, and the longest. */
const FIRST = 0.4;
const LONGEST = 15;

export class Stream extends Emitter<StreamEvents> {
  readonly places: Places;
  state: LayoutState = "paused";
  options: Record<string, unknown> = {};
  /** Whether whoever looks may change the layout. */
  maySteer = true;
  private socket: Wire | null = null;
  private session: string | null = null;
  private delay = FIRST;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  private keyAsked = false;

  /** `place` is an address, or what opens a connection. */
  constructor(private readonly place: string | (() => Wire), n: number) {
    super();
    this.places = new Places(n);
    this.connect();
  }

  get isOpen(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  private connect(): void {
    if (this.closed) return;
    const socket = typeof this.place === "string" ? this.dial(this.place) : this.place();
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => this.emit("connection", { open: true });
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.socket) return;
      this.delay = FIRST;
      if (typeof event.data === "string") this.onText(event.data);
      else this.onFrame(event.data);
    };
    socket.onclose = (event) => {
      if (socket !== this.socket || this.closed) return;
      if (event.code === 1000) {
        this.close();
        this.emit("error", "the graph is no longer on the server; what is shown is how it was last");
        return;
      }
      if (event.code === 1008) this.emit("error", event.reason || "the server ended the connection, as this page may not see the graph, or said too much");
      this.socket = null;
      this.keyAsked = false;
      // Not all viewers at once after a restart of the server.
      const wait = this.delay * (0.75 + 0.5 * Math.random());
      this.delay = Math.min(LONGEST, this.delay * 1.8);
      this.emit("connection", { open: false, retry: wait });
      this.timer = setTimeout(() => this.connect(), 1000 * wait);
    };
  }

  private dial(address: string): Wire {
    const url = new URL(address, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (this.session !== null && this.places.sequence > 0) {
      url.searchParams.set("session", this.session);
      url.searchParams.set("resume", String(this.places.sequence));
    }
    return new WebSocket(url) as Wire;
  }

  /** Tries at once, instead of when the time has come. */
  retry(): void {
    if (this.socket || this.closed) return;
    clearTimeout(this.timer);
    this.delay = FIRST;
    this.connect();
  }

  private onText(text: string): void {
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(text) as Record<string, unknown>;
    } catch {
      this.emit("error", `the server sent text that is no JSON: ${text.slice(0, 80)}`);
      return;
    }
    switch (message.type) {
      case "hello": {
        const session = String(message.session ?? "");
        if (message.n_nodes !== undefined && message.n_nodes !== this.places.n) {
          this.emit("error", `the stream is of ${String(message.n_nodes)} nodes, and the picture of ${this.places.n}: reload the page`);
          this.close();
          return;
        }
        // Places of another session are void: only a key frame can follow.
        if (session !== this.session) this.places.sequence = 0;
        this.session = session;
        this.maySteer = message.may_steer !== false;
        this.setState(message);
        this.setOptions(message.options);
        this.emit("pinned", numbers(message.pinned));
        break;
      }
      case "state":
        this.setState(message);
        break;
      case "options":
        this.setOptions(message.options);
        break;
      case "pinned":
        this.emit("pinned", numbers(message.nodes));
        break;
      case "error":
        this.emit("error", String(message.message ?? "the server reports an error without words"));
        break;
      default: // of a newer server
    }
  }

  private setState(message: Record<string, unknown>): void {
    if (typeof message.state === "string") this.state = message.state as LayoutState;
    this.emit("state", {
      state: this.state,
      ...(typeof message.reason === "string" ? { reason: message.reason } : {}),
      ...(typeof message.iteration === "number" ? { iteration: message.iteration } : {}),
    });
  }

  private setOptions(options: unknown): void {
    if (typeof options !== "object" || options === null) return;
    this.options = { ...this.options, ...options };
    this.emit("options", this.options);
  }

  private onFrame(frame: ArrayBuffer): void {
    let info: FrameInfo | null;
    try {
      info = this.places.apply(frame);
    } catch (error) {
      this.emit("error", (error as Error).message);
      this.askKey();
      return;
    }
    if (!info) {
      this.askKey();
      return;
    }
    this.keyAsked = false;
    this.send({ type: "ack", sequence: info.sequence });
    if (info.state !== this.state) {
      this.state = info.state;
      this.emit("state", { state: info.state, iteration: info.iteration });
    }
    this.emit("frame", { ...info, places: this.places });
  }

  private askKey(): void {
    if (this.keyAsked) return;
    this.keyAsked = true;
    this.send({ type: "key" });
  }

  /** Says something to the server; false if there is no connection. */
  send(message: Record<string, unknown>): boolean {
    if (!this.isOpen) return false;
    this.socket!.send(JSON.stringify(message));
    return true;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }
}

const numbers = (value: unknown): number[] => (Array.isArray(value) ? value.map(Number) : []);
