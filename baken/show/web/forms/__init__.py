"""Forms: what the pages ask for. They check shapes; whether something may happen is for the flows to say."""
