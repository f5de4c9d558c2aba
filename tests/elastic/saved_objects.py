"""The dashboards that are shipped, as what they ask a server: which fields, and which aggregations of them."""
import json
import pathlib

FILE = pathlib.Path(__file__).resolve().parents[2] / "packaging" / "saved-objects" / "hostscope.ndjson"


def load():
    """{(type, id): object}"""
    objects = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        each = json.loads(line)
        assert (each["type"], each["id"]) not in objects, f"{each['id']} twice"
        objects[each["type"], each["id"]] = each
    return objects


def source_of(each):
    return json.loads(each["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])


def index_of(each, objects):
    """The index pattern's title, or None where an object needs no data."""
    name = source_of(each).get("indexRefName")
    if name is None:
        return None
    (reference,) = (reference for reference in each["references"] if reference["name"] == name)
    return objects[reference["type"], reference["id"]]["attributes"]["title"]


def aggregations_of(each):
    return json.loads(each["attributes"]["visState"])["aggs"] if each["type"] == "visualization" else []


def fields_of(each, objects):
    """All fields of records that the object uses."""
    if each["type"] == "index-pattern":
        return [each["attributes"]["timeFieldName"], *json.loads(each["attributes"]["fieldFormatMap"])]
    fields = list(each["attributes"].get("columns", []))
    fields += [field for field, _ in each["attributes"].get("sort", [])]
    if query := source_of(each)["query"]["query"]:
        fields.append(query.split(":")[0])
    return fields + [aggregation["params"]["field"] for aggregation in aggregations_of(each)]


def request_of(each):
    """The search that Kibana makes of a visualization, with metrics of all records too."""
    metrics, body = {}, {}
    for aggregation in aggregations_of(each):
        params = aggregation["params"]
        if aggregation["schema"] == "metric":
            metrics[aggregation["id"]] = {aggregation["type"]: {"field": params["field"]}}
        elif aggregation["type"] == "terms":
            body = {"terms": {"field": params["field"], "size": params["size"], "order": {params["orderBy"]: params["order"]}}}
        else:
            body = {"date_histogram": {"field": params["field"], "fixed_interval": "10s", "min_doc_count": 1}}
    search = {"size": 0, "aggs": dict(metrics)}
    if body:
        search["aggs"]["bucket"] = {**body, "aggs": metrics}
    if query := source_of(each)["query"]["query"]:
        field, value = query.split(":")
        search["query"] = {"term": {field: value.strip()}}
    return search


def value_of(record, field):
    for name in field.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


FUNCTIONS = {"sum": sum, "max": max, "avg": lambda values: sum(values) / len(values)}


def check_on(test, server, written):
    """`written`: {data stream: its documents}, which the server has. Each field is there to be searched and aggregated, each
    question has the answer that the documents give."""
    objects = load()
    for each in objects.values():
        index = each["attributes"]["title"] if each["type"] == "index-pattern" else None
        if each["type"] in ("visualization", "search"):
            index = index_of(each, objects)
        if index is None:
            continue
        fields = sorted(set(fields_of(each, objects)))
        known = server.ask("GET", f"/{index}/_field_caps?fields={','.join(fields)}")["fields"]
        for field in fields:
            test.assertIn(field, known, each["id"])
            for kind, can in known[field].items():
                test.assertTrue(can["searchable"] and can["aggregatable"], (each["id"], field, kind))
        if aggregations_of(each):
            check_answer(test, each, server.ask("POST", f"/{index}/_search", request_of(each)), index, written)


def check_answer(test, each, answer, index, written):
    (stream,) = (stream for stream in written if stream.startswith(index.rstrip("*")))
    records = written[stream]
    if query := source_of(each)["query"]["query"]:
        field, value = query.split(":")
        records = [record for record in records if value_of(record, field) == json.loads(value)]
    test.assertGreater(len(records), 0, each["id"])
    for aggregation in aggregations_of(each):
        field = aggregation["params"]["field"]
        if aggregation["schema"] == "metric":
            values = [value for record in records if (value := value_of(record, field)) is not None]
            expected = FUNCTIONS[aggregation["type"]](values)
            test.assertAlmostEqual(answer["aggregations"][aggregation["id"]]["value"], expected,
                                   delta=1e-6 * max(abs(expected), 1), msg=(each["id"], field))
        else:
            test.assertGreater(len(answer["aggregations"]["bucket"]["buckets"]), 0, each["id"])
