// The map itself: Leaflet with a plane of our own, from 0 to 1 each way, whatever the prefix at its root.
import L from 'leaflet';
import { bitsOf, isHost, type Prefix } from '../address';
import { placeOfNumber, type Layout } from './layout';
import { PrefixLayer, TILE_PIXELS, type Cell, type LayerEvents, type MapQuery } from './tile_layer';

const MOST_LEVELS = 16; // below the root: 32 bits
const OPENING_SHARE = 0.9; // of the view that a prefix takes which was gone to

export const levelsBelow = (root: Prefix): number =>
  Math.min(MOST_LEVELS, (bitsOf(root.family) - root.length) >> 1);

export interface MapEvents extends LayerEvents {
  onHover(cell: Cell | null, at: { x: number; y: number } | null): void;
  onOpen(cell: Cell): void;
  onMove(centre: Prefix, zoom: number): void;
}

export class AddressMap {
  private readonly map: L.Map;
  private layer: PrefixLayer;

  constructor(
    element: HTMLElement,
    private query: MapQuery,
    private readonly events: MapEvents,
  ) {
    const crs = L.Util.extend({}, L.CRS.Simple, {
      transformation: new L.Transformation(TILE_PIXELS, 0, TILE_PIXELS, 0),
    }) as L.CRS;
    this.map = L.map(element, {
      crs,
      attributionControl: false,
      zoomControl: false,
      maxBounds: L.latLngBounds([-0.25, -0.25], [1.25, 1.25]),
      maxBoundsViscosity: 0.8,
      zoomAnimation: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      wheelPxPerZoomLevel: 100,
    });
    L.control.zoom({ position: 'bottomright' }).addTo(this.map);
    this.layer = this.makeLayer();
    this.map.setView([0.5, 0.5], 1, { animate: false });
    this.layer.addTo(this.map);
    this.listen(element);
  }

  remove(): void {
    this.map.remove();
  }

  show(query: MapQuery): void {
    const hasNewRoot = query.root.base !== this.query.root.base || query.root.length !== this.query.root.length ||
      query.root.family !== this.query.root.family;
    const hasNewLayout = query.layout !== this.query.layout;
    const centre = hasNewLayout && !hasNewRoot ? this.centreCell()?.prefix : undefined;
    this.query = query;
    if (hasNewRoot) {
      this.layer.remove();
      this.layer = this.makeLayer();
      this.map.setView([0.5, 0.5], 1, { animate: false });
      this.layer.addTo(this.map);
    } else {
      this.layer.show(query);
      if (centre) this.centreOn(centre, this.map.getZoom());
    }
  }

  reload(): void {
    this.layer.reload();
  }

  /** Moves so that a prefix below the root fills most of the view. */
  goTo(prefix: Prefix, isAnimated = true): void {
    const place = this.placeOf(prefix);
    if (!place) return;
    const [x, y, width] = place;
    const size = this.map.getSize();
    const pixels = Math.min(size.x, size.y) * OPENING_SHARE;
    const zoom = Math.floor(Math.log2(pixels / (TILE_PIXELS * width)));
    this.map.setView([y, x], Math.max(0, Math.min(zoom, this.map.getMaxZoom())), { animate: isAnimated });
  }

  centreOn(prefix: Prefix, zoom: number): void {
    const place = this.placeOf(prefix);
    if (place) this.map.setView([place[1], place[0]], zoom, { animate: false });
  }

  private placeOf(prefix: Prefix): [number, number, number] | null {
    const { root, layout } = this.query;
    const below = Math.min(prefix.length - root.length, 2 * levelsBelow(root));
    if (below < 0) return null;
    // A prefix of odd length is half a square: the square around it is gone to.
    const even = below - (below % 2);
    const number = (prefix.base - root.base) >> BigInt(bitsOf(root.family) - root.length - even);
    return placeOfNumber(layout as Layout, even, number);
  }

  private makeLayer(): PrefixLayer {
    const layer = new PrefixLayer(this.query, levelsBelow(this.query.root), this.events);
    this.map.setMaxZoom(Math.max(0, levelsBelow(this.query.root) - 1));
    return layer;
  }

  private listen(element: HTMLElement): void {
    this.map.on('mousemove', (event: L.LeafletMouseEvent) => {
      const cell = this.cellAt(event.latlng);
      this.events.onHover(cell, cell ? event.containerPoint : null);
    });
    this.map.on('mouseout', () => this.events.onHover(null, null));
    this.map.on('click', (event: L.LeafletMouseEvent) => this.open(this.cellAt(event.latlng)));
    this.map.on('zoomstart', () => this.events.onHover(null, null));
    this.map.on('moveend', () => this.noteMove());
    element.addEventListener('keydown', (event) => {
      if (event.target !== element) return;
      if (event.key === 'Enter') this.open(this.centreCell());
      else setTimeout(() => this.hoverCentre(), 300);
    });
  }

  private open(cell: Cell | null): void {
    if (!cell) return;
    if (isHost(cell.prefix) || this.map.getZoom() >= this.map.getMaxZoom()) {
      this.events.onOpen(cell);
    } else {
      this.goTo(cell.prefix);
    }
  }

  // By keyboard, what is in the middle is what is pointed at.
  private hoverCentre(): void {
    this.events.onHover(this.centreCell(), this.map.getSize().divideBy(2));
  }

  private centreCell(): Cell | null {
    return this.cellAt(this.map.getCenter());
  }

  private cellAt(at: L.LatLng): Cell | null {
    if (at.lat < 0 || at.lat >= 1 || at.lng < 0 || at.lng >= 1) return null;
    return this.layer.cellAt(at.lng, at.lat, this.map.getZoom());
  }

  private noteMove(): void {
    const cell = this.centreCell();
    if (cell) this.events.onMove(cell.prefix, this.map.getZoom());
  }
}
