import importlib.util, inspect, json, math, os, pathlib, sys

file, name = sys.argv[1:3]
spec = importlib.util.spec_from_file_location("method", file)
module = importlib.util.module_from_spec(spec)
sys.modules["method"] = module
sys.path.insert(0, os.path.dirname(file))
# A script that runs its own function would begin again here, and again in each of those runs.
os.environ["GRAPHLUME_READS_METHOD"] = file
spec.loader.exec_module(module)
del os.environ["GRAPHLUME_READS_METHOD"]
function = getattr(module, name, None)
if not callable(function):
    sys.exit(f"{file} has no function `{name}`")


def typed(text, parameter):
    """The value that the signature, or else the text, tells."""
    kind = parameter.annotation
    if kind is inspect.Parameter.empty and parameter.default not in (inspect.Parameter.empty, None):
        kind = type(parameter.default)
    if kind in (bool, "bool"):
        return text.strip().lower() in ("true", "1", "yes", "on")
    if kind in (str, "str"):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return float(value) if kind in (float, "float") else value


signature = inspect.signature(function).parameters
any_name = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature.values())
arguments = {}
for variable in filter(None, os.environ.get("GRAFLAG_PARAMS", "").split(",")):
    key = variable[1:]
    key = next((known for known in signature if known.lower() == key.lower()), key)
    if key in signature:
        arguments[key] = typed(os.environ[variable], signature[key])
    elif any_name:
        arguments[key] = typed(os.environ[variable], inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY))
    elif key != "seed":
        sys.exit(f"{name} has no parameter `{key}`, it has {', '.join(signature) or 'none'}")
results = function(pathlib.Path(os.environ["DATA"]), **arguments)
if not isinstance(results, dict):
    sys.exit(f"{name} returned {type(results).__name__}, but a dict of what results.json holds is expected")


def plain(value):
    """Arrays and their numbers as JSON has them; what is no number is null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


target = pathlib.Path(os.environ["EXP"]) / "results.json"
draft = target.with_name(target.name + ".tmp")
with open(draft, "w") as text:
    json.dump(plain(results), text, allow_nan=False)
os.replace(draft, target)
