// The map's tiles: each is fetched for itself, keeps what it was drawn from, and is drawn anew when the window, the figure
// or the colours change. A tile shows its old picture until the new figures are there.
import L from 'leaflet';
import { ask, isAbort } from '../api';
import { formatPrefix, isHost, nameOf, part, type Prefix } from '../address';
import { metricOf } from '../metrics';
import type { TileAnswer } from '../types';
import { colorOfValue, indexOf, paletteOf, roundUp, type Palette, type Scale } from './colors';
import { viewOf, type Layout, type TileView } from './layout';

export const TILE_PIXELS = 256;
// Besides the figure that is coloured: for the tooltip.
const ALSO_ASKED = ['hosts', 'flows', 'packets', 'bytes'];
export const NAME = 'name'; // the attribute that hosts are called by
const LABEL_PIXELS = 64; // cells from this width on say their address
const GAP_PIXELS = 8; // cells from this width on are apart

export interface MapQuery {
  root: Prefix;
  layout: Layout;
  metric: string;
  role: string;
  seconds: number;
  start: number; // of the window, milliseconds
  isLog: boolean;
  palette: Palette;
  attribute: string; // that is coloured instead of the figure; empty: none
  values: string[]; // of it, that have colours of their own
  hasNames: boolean; // cells may have
}

export interface Cell {
  prefix: Prefix;
  values: Record<string, number | null>; // empty where nothing was seen
  attributes: Record<string, string | null>;
}

interface Tile {
  coords: L.Coords;
  canvas: HTMLCanvasElement;
  view: TileView;
  source: Prefix;
  answer: TileAnswer | null;
  places: Map<number, number>; // cell → index in the answer
  abort: AbortController | null;
}

export interface LayerEvents {
  onScale(scale: Scale): void;
  onState(loading: number, problem: string): void;
}

const needsFigures = (a: MapQuery, b: MapQuery): boolean =>
  a.metric !== b.metric || a.role !== b.role || a.seconds !== b.seconds || a.start !== b.start ||
  a.attribute !== b.attribute || a.hasNames !== b.hasNames;

export class PrefixLayer extends L.GridLayer {
  private readonly tiles = new Map<string, Tile>();
  private readonly fetched = new Map<string, Promise<TileAnswer>>();
  private scale: Scale = { isLog: true, min: 1, max: 1 };
  private loading = 0;
  private problem = '';
  private isDrawingAll = false;

  constructor(
    private query: MapQuery,
    private readonly levels: number,
    private readonly events: LayerEvents,
  ) {
    super({
      tileSize: TILE_PIXELS,
      noWrap: true,
      keepBuffer: 1,
      minZoom: 0,
      maxZoom: Math.max(0, levels - 1),
      bounds: L.latLngBounds([0, 0], [1, 1]),
    });
    this.on('tileunload', (event: L.TileEvent) => this.drop(this.keyOf(event.coords)));
  }

  show(query: MapQuery): void {
    const old = this.query;
    this.query = query;
    if (query.layout !== old.layout) {
      this.redraw();
    } else if (needsFigures(old, query)) {
      this.fetched.clear();
      for (const tile of this.tiles.values()) void this.load(tile);
    } else {
      this.drawAll();
    }
  }

  reload(): void {
    this.fetched.clear();
    for (const tile of this.tiles.values()) void this.load(tile);
  }

  /** The cell at a place, as shares of the map's width and height, as it is shown at this zoom. */
  cellAt(x: number, y: number, zoom: number): Cell | null {
    const across = 2 ** zoom;
    const [column, row] = [Math.floor(x * across), Math.floor(y * across)];
    const tile = this.tiles.get(`${column}:${row}:${zoom}`);
    if (!tile) return null;
    const { level } = tile.view;
    const inTile = (at: number, tileAt: number): number => Math.floor((at * across - tileAt) * 2 ** level);
    const number = tile.view.cellAt(inTile(x, column), inTile(y, row));
    const prefix = part(tile.source, tile.view.depth, number);
    const values: Record<string, number | null> = {};
    const at = tile.places.get(number);
    if (tile.answer && at !== undefined) {
      for (const [name, list] of Object.entries(tile.answer.values)) values[name] = list[at];
    }
    const attributes: Record<string, string | null> = {};
    if (at !== undefined) {
      for (const [name, list] of Object.entries(tile.answer?.attributes ?? {})) attributes[name] = list[at];
    }
    return { prefix, values, attributes };
  }

  protected createTile(coords: L.Coords, done: L.DoneCallback): HTMLElement {
    const canvas = document.createElement('canvas');
    const ratio = Math.min(2, Math.ceil(devicePixelRatio || 1));
    canvas.width = canvas.height = TILE_PIXELS * ratio;
    const view = viewOf(this.query.layout, this.levels, coords.z, coords.x, coords.y);
    const source = part(this.query.root, view.sourceBits, view.sourceNumber);
    canvas.dataset.prefix = formatPrefix(source);
    const tile: Tile = { coords, canvas, view, source, answer: null, places: new Map(), abort: null };
    this.tiles.set(this.keyOf(coords), tile);
    this.draw(tile);
    void this.load(tile).then(() => done(undefined, canvas));
    return canvas;
  }

  private keyOf(coords: L.Coords): string {
    return `${coords.x}:${coords.y}:${coords.z}`;
  }

  private drop(key: string): void {
    this.tiles.get(key)?.abort?.abort();
    this.tiles.delete(key);
    this.drawAll();
  }

  private async load(tile: Tile): Promise<void> {
    tile.abort?.abort();
    const abort = (tile.abort = new AbortController());
    this.note(1, null);
    let problem: string | null = null;
    try {
      const answer = await this.fetchTile(tile, abort.signal);
      if (abort.signal.aborted) return;
      tile.answer = answer;
      tile.places = new Map(answer.cells.map((cell, i) => [cell, i]));
      this.drawAll();
      problem = '';
    } catch (error) {
      if (!isAbort(error)) problem = (error as Error).message;
    } finally {
      this.note(-1, problem);
    }
  }

  private fetchTile(tile: Tile, signal: AbortSignal): Promise<TileAnswer> {
    const { metric, role, seconds, start, layout, attribute, hasNames } = this.query;
    const metrics = [...new Set([metric, ...ALSO_ASKED])].join(',');
    const prefix = formatPrefix(tile.source);
    const attributes = [...new Set([hasNames ? NAME : '', attribute])].filter(Boolean).join(',');
    const question = { prefix, depth: tile.view.depth, metrics, attributes, role, seconds, start };
    if (layout !== 'octets') return ask<TileAnswer>('tile', question, signal);
    // Many tiles are drawn from one answer here.
    let answer = this.fetched.get(prefix);
    if (!answer) {
      answer = ask<TileAnswer>('tile', question);
      this.fetched.set(prefix, answer);
      answer.catch(() => this.fetched.delete(prefix));
    }
    return answer;
  }

  private note(loading: number, problem: string | null): void {
    this.loading += loading;
    if (problem !== null) this.problem = problem;
    this.events.onState(this.loading, this.problem);
  }

  private drawAll(): void {
    if (this.isDrawingAll) return;
    this.isDrawingAll = true;
    requestAnimationFrame(() => {
      this.isDrawingAll = false;
      this.findScale();
      for (const tile of this.tiles.values()) this.draw(tile);
    });
  }

  // One scale for all that is seen.
  private findScale(): void {
    const { metric, isLog } = this.query;
    let max = 0;
    let min = Infinity;
    for (const tile of this.tiles.values()) {
      for (const value of tile.answer?.values[metric] ?? []) {
        if (value === null || value <= 0) continue;
        if (value > max) max = value;
        if (value < min) min = value;
      }
    }
    const { isShare } = metricOf(metric);
    const bottom = min === Infinity ? 1 : 10 ** Math.floor(Math.log10(min));
    this.scale = isLog
      ? { isLog, min: bottom, max: isShare ? 1 : Math.max(roundUp(max), bottom * 10) }
      : { isLog, min: 0, max: isShare ? 1 : roundUp(max) };
    this.events.onScale(this.scale);
  }

  private draw(tile: Tile): void {
    const context = tile.canvas.getContext('2d');
    if (!context) return;
    const ratio = tile.canvas.width / TILE_PIXELS;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, TILE_PIXELS, TILE_PIXELS);
    this.drawCells(context, tile);
    this.drawFrame(context, tile);
  }

  private drawCells(context: CanvasRenderingContext2D, tile: Tile): void {
    const values = tile.answer?.values[this.query.metric];
    if (!tile.answer || !values) return;
    const { level } = tile.view;
    const size = TILE_PIXELS / 2 ** level;
    const gap = size >= GAP_PIXELS ? 1 : 0;
    const palette = paletteOf(this.query.palette);
    const { attribute } = this.query;
    const columns = (1 << level) - 1;
    tile.answer.cells.forEach((cell, i) => {
      const place = tile.view.placeOf(cell);
      if (place < 0) return;
      const value = values[i];
      const color = value === null ? -1 : indexOf(this.scale, value);
      const texts = attribute ? tile.answer?.attributes?.[attribute] : undefined;
      const [x, y] = [(place & columns) * size, (place >> level) * size];
      if (attribute) context.fillStyle = colorOfValue(this.query.values, texts?.[i] ?? null);
      else context.fillStyle = color < 0 ? 'rgb(128 128 128 / 40%)' : palette[color];
      context.fillRect(x, y, size - gap, size - gap);
      if (size >= LABEL_PIXELS) this.label(context, tile, cell, attribute ? (texts?.[i] ? 255 : -1) : color, x, y);
    });
  }

  private label(
    context: CanvasRenderingContext2D,
    tile: Tile,
    cell: number,
    color: number,
    x: number,
    y: number,
  ): void {
    const prefix = part(tile.source, tile.view.depth, cell);
    const name = nameOf(prefix);
    context.font = '10px ui-monospace, monospace';
    context.fillStyle = color > 150 ? '#000' : '#fff';
    const short = isHost(prefix) && prefix.family === 4 ? `.${name.split('.').slice(2).join('.')}` : name;
    context.fillText(short.length > 11 ? `…${short.slice(-10)}` : short, x + 5, y + 14);
  }

  // Where the tile's prefix is: its edge, and its name in the corner.
  private drawFrame(context: CanvasRenderingContext2D, tile: Tile): void {
    const style = getComputedStyle(document.documentElement);
    context.strokeStyle = style.getPropertyValue('--screen-grid');
    context.strokeRect(0.5, 0.5, TILE_PIXELS, TILE_PIXELS);
    if (this.query.layout === 'octets' || tile.view.level < 3) return;
    const name = formatPrefix(tile.source);
    context.font = '10px ui-monospace, monospace';
    const width = context.measureText(name).width;
    context.fillStyle = style.getPropertyValue('--veil');
    context.fillRect(1, 1, width + 10, 15);
    context.fillStyle = style.getPropertyValue('--screen-text');
    context.fillText(name, 6, 12);
  }
}
