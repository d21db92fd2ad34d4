package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/** A container was taken over as a server: follow events after the receipt's sequence number to see it proven. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record AdoptedView(String name, String container, ReceiptView receipt) {}
