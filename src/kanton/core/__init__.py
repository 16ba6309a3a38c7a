"""The ground floor: what an action, an actor, money, time, an error, a wish and a job are."""
