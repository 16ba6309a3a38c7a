-- wrk: every request belongs to an organization drawn uniformly from the samples; the totals come out as one line.
local requests = {}

function init(args)
  local kind, file = args[1], args[2]
  local count = 0
  for line in io.lines(file) do
    local token, session, slug = line:match("(%S+) (%S+) (%S+)")
    local path, headers = args[3], {}
    if kind == "api" then
      headers["Authorization"] = "Bearer " .. token
    elseif kind == "console" then
      path = path:gsub("SLUG", slug)
      headers["Cookie"] = "kanton_session=" .. session
    else
      headers["Cookie"] = "bench=" .. token
    end
    count = count + 1
    requests[count] = wrk.format("GET", path, headers)
  end
  math.randomseed(tonumber(args[4] or 1))
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency, _)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("RESULT %d %d %d %.0f %.0f %d\n", summary.requests, summary.duration, failed,
    latency:percentile(50), latency:percentile(99), summary.bytes))
end
