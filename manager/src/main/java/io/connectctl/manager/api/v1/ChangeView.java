package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;

/** One key that is otherwise than it was; {@code restart} is false where a client's live session can set it as well. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ChangeView(String key, String old, @JsonProperty("new") String next, boolean restart) {
    /** {@code key: old -> new}. */
    public String text() {
        return key + ": " + old + " -> " + next;
    }
}
