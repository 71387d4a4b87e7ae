/** Views that are kept: on the server where one may write there, else in the browser. */

import { fetchOk, type ServerSource } from "./source";
import { readView, type SavedView } from "./state";

export interface KeptView {
  id: string;
  name: string;
  view: SavedView;
  /** Where its picture is, if it has one. */
  picture: string | null;
}

export interface ViewStore {
  /** Whether views are kept for all who see the graph, and can be linked to. */
  readonly isShared: boolean;
  list(): Promise<{ views: KeptView[]; mayWrite: boolean }>;
  /** `picture` in Base64. */
  save(name: string, view: SavedView, picture: string | null): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
}

interface Told {
  id: string;
  name: string;
  state: unknown;
  has_picture?: boolean;
}

const JSON_BODY = { "content-type": "application/json" };

/** Views that the server keeps with a dataset. */
export class ServerViews implements ViewStore {
  readonly isShared = true;
  constructor(private readonly source: ServerSource) {}

  private async ask(what: string, init?: RequestInit): Promise<Response> {
    return fetchOk(this.source.address(what), init);
  }

  async list(): Promise<{ views: KeptView[]; mayWrite: boolean }> {
    const body = (await (await this.ask("views")).json()) as { views: Told[]; may_write?: boolean };
    return { views: body.views.flatMap((told) => this.read(told) ?? []), mayWrite: body.may_write !== false };
  }

  /** One view, or null if it is of no form that is known here. */
  async one(id: string): Promise<KeptView | null> {
    return this.read((await (await this.ask(`views/${encodeURIComponent(id)}`)).json()) as Told);
  }

  private read(told: Told): KeptView | null {
    const view = readView(told.state);
    return view && { id: told.id, name: told.name, view, picture: told.has_picture ? this.source.address(`views/${encodeURIComponent(told.id)}/picture`) : null };
  }

  async save(name: string, view: SavedView, picture: string | null): Promise<void> {
    await this.ask("views", { method: "POST", headers: JSON_BODY, body: JSON.stringify({ name, state: view, ...(picture ? { picture } : {}) }) });
  }

  async rename(id: string, name: string): Promise<void> {
    await this.ask(`views/${encodeURIComponent(id)}`, { method: "PATCH", headers: JSON_BODY, body: JSON.stringify({ name }) });
  }

  async remove(id: string): Promise<void> {
    await this.ask(`views/${encodeURIComponent(id)}`, { method: "DELETE" });
  }
}

/** Views that this browser keeps of one graph. */
export class BrowserViews implements ViewStore {
  readonly isShared = false;
  private readonly key: string;

  constructor(graph: string, private readonly storage: () => Pick<Storage, "getItem" | "setItem"> = () => localStorage) {
    this.key = `graphlume.views.${graph}`;
  }

  private read(): KeptView[] {
    let list: unknown;
    try {
      list = JSON.parse(this.storage().getItem(this.key) ?? "[]");
    } catch {
      return []; // no storage in this frame, or something else of that name
    }
    if (!Array.isArray(list)) return [];
    return list.flatMap((told: Partial<{ name: unknown; view: unknown; picture: unknown }> | null) => {
      const view = readView(told?.view);
      const name = String(told?.name ?? "");
      const picture = typeof told?.picture === "string" && /^data:image\/(png|jpeg|webp);base64,/.test(told.picture) ? told.picture : null;
      return view ? [{ id: name, name, view, picture }] : [];
    });
  }

  private write(views: readonly KeptView[]): void {
    this.storage().setItem(this.key, JSON.stringify(views.map(({ name, view, picture }) => ({ name, view, ...(picture ? { picture } : {}) }))));
  }

  list(): Promise<{ views: KeptView[]; mayWrite: boolean }> {
    return Promise.resolve({ views: this.read(), mayWrite: true });
  }

  async save(name: string, view: SavedView, picture: string | null): Promise<void> {
    const rest = this.read().filter((v) => v.name !== name);
    const kind = picture?.startsWith("/9j/") ? "jpeg" : picture?.startsWith("UklGR") ? "webp" : "png";
    this.write([...rest, { id: name, name, view, picture: picture && `data:image/${kind};base64,${picture}` }]);
  }

  async rename(id: string, name: string): Promise<void> {
    const views = this.read();
    if (views.some((v) => v.name === name && v.id !== id)) throw new Error(`there is a view ${name} already`);
    this.write(views.map((v) => (v.id === id ? { ...v, name } : v)));
  }

  async remove(id: string): Promise<void> {
    this.write(this.read().filter((v) => v.id !== id));
  }
}
