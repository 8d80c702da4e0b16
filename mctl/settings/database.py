"""Where rows, cached values and messages are kept: the database, and the broker that is also the cache."""

from mctl import env, storage
from mctl.settings.base import VAR_DIR

BROKER_URL = env.broker(
    "MCTL_BROKER_URL", "redis://127.0.0.1:6379/0", meaning="Redis or Valkey: redis://, or unix://PATH"
)

DATABASE_URL = env.secret(
    "DATABASE_URL", f"sqlite://{VAR_DIR}/mctl.sqlite3", meaning="sqlite:///PATH or postgresql://..."
)
DATABASES = {"default": storage.database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_REDIS_URL = BROKER_URL.replace("redis+socket://", "unix://")
BROKER_PREFIX = env.text("MCTL_BROKER_PREFIX", "mctl:", meaning="prefix of all keys and channels at the broker")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _REDIS_URL,
        # The limits ask it at each request; better no limit than a page that waits for it.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        "KEY_PREFIX": f"{BROKER_PREFIX}cache",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [_REDIS_URL], "prefix": f"{BROKER_PREFIX}channels"},
    }
}
