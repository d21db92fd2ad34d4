package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/** A command was taken: follow events after the sequence number to see what it does. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ReceiptView(long sequence, boolean changed, String message) {}
