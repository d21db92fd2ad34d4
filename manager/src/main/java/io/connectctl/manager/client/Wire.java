package io.connectctl.manager.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;

/** How the v1 records travel: as JSON, unknown fields tolerated. */
public final class Wire {
    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private Wire() {}

    /** The mapper that reads and writes v1 records. */
    public static JsonMapper mapper() {
        return JSON;
    }

    static <T> T read(byte[] json, Class<T> type) throws IOException {
        try {
            return JSON.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw unreadable(type, e);
        }
    }

    static <T> T read(String json, Class<T> type) throws IOException {
        try {
            return JSON.readValue(json, type);
        } catch (JsonProcessingException e) {
            throw unreadable(type, e);
        }
    }

    static IOException unreadable(Class<?> type, JsonProcessingException failure) {
        return new IOException(
                "the daemon's answer is no " + type.getSimpleName() + ": " + failure.getOriginalMessage()
                        + "; daemon and command line may be of different versions: see connectctl version",
                failure);
    }
}
